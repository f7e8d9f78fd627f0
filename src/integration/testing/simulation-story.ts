import type { SessionConfig } from '../../machines/session-config.ts';
import type { EndReason } from '../../machines/session-types.ts';
import type { SessionState } from '../../services/session-api.ts';
import type { SimulatedSession } from './simulation-types.ts';

const MINUTE_MS = 60_000;

/** Between which times something is due: what was called while the session was busy may or may not have counted. */
interface Due {
  readonly earliest: number;
  readonly latest: number;
}

/** One session of a run, followed by what the manager tells and what was called; it looks at nothing of the inside. */
export class Story implements SimulatedSession {
  readonly sessionId: string;
  readonly admittedAt: number;
  state: SessionState = 'idle';
  /** When it entered its state, or took it up again after a crash; the time that the machine slept is left out. */
  enteredAwake = 0;
  endedAt: number | undefined;
  endReason: EndReason | undefined;
  endingAt: number | undefined;
  /** When it would have been idle for too long, and at the end of its life, as it looked when it began to end. */
  dueAtEnding: { readonly idle: number; readonly lifetime: number } | undefined;
  readonly transitions: { readonly from: SessionState; readonly to: SessionState; readonly cause: string }[] = [];
  lastMintAt: number | undefined;
  /** So long the provider asked it to wait at most; a revival waits for it as well. */
  askedToWaitMs = 0;
  /** Mints since it entered its state. */
  mints = 0;
  /** Attempts whose credentials the provider handed over and was not asked to take back. */
  readonly held = new Set<number>();
  readonly channels = new Set<number>();
  isSuspended = false;
  purges = 0;
  #idleFrom: readonly [number, number];
  #lifeFrom: number;
  #pausedAt: number | undefined;
  #earliestCap = Number.POSITIVE_INFINITY;
  #latestCap: number | undefined;

  constructor(sessionId: string, at: number) {
    this.sessionId = sessionId;
    this.admittedAt = at;
    this.#idleFrom = [at, at];
    this.#lifeFrom = at;
  }

  get isServing(): boolean {
    return this.state === 'active' || this.state === 'renewing';
  }

  get isLive(): boolean {
    return this.isServing || this.state === 'starting' || this.state === 'paused' || this.state === 'ending';
  }

  entered(from: SessionState, to: SessionState, cause: string, at: number, awake: number): void {
    this.transitions.push({ from, to, cause });
    this.state = to;
    this.enteredAwake = awake;
    // The provider is asked before anybody is told of the state in which it is asked.
    this.mints = this.lastMintAt === at ? 1 : 0;
    if (from === 'paused') this.#unpause(at);
    if (to === 'paused') this.#pausedAt = at;
    if (from === 'failed' && to !== 'ended') this.#revived(at);
  }

  /** It is usable for the first time. One that came straight from its start begins to live now. */
  started(at: number): void {
    if (this.transitions.at(-1)?.from !== 'starting') return;
    this.#idleFrom = [at, at];
    this.#lifeFrom = at;
  }

  /**
   * Its actor threw and may be started again: with a full idle window, and what was left of its life. What the server
   * said of its channel goes with the channel.
   */
  crashed(at: number, awake: number, hasChannel: boolean): void {
    this.enteredAwake = awake;
    if (hasChannel) this.#latestCap = undefined;
    this.#unpause(at);
    if (this.state === 'paused') this.#pausedAt = at;
    this.#idleFrom = [at, at];
  }

  touched(at: number, isCertain: boolean): void {
    const from = this.#pausedAt ?? at;
    this.#idleFrom = isCertain ? [from, from] : [this.#idleFrom[0], at];
  }

  /** Somebody said when the server will end it. */
  capped(capAt: number, isCertain: boolean): void {
    this.#earliestCap = Math.min(this.#earliestCap, capAt);
    if (isCertain) this.#latestCap = capAt;
    else if (this.#latestCap !== undefined) this.#latestCap = Math.max(this.#latestCap, capAt);
  }

  /** When it has been idle for too long. */
  idleDue(config: SessionConfig): Due {
    if (!config.enableInactivityTimeout)
      return { earliest: Number.POSITIVE_INFINITY, latest: Number.POSITIVE_INFINITY };
    const windowMs = config.inactivityTimeoutMinutes * MINUTE_MS;
    return { earliest: this.#idleFrom[0] + windowMs, latest: this.#idleFrom[1] + windowMs };
  }

  /** When its life is over: by its configuration, or earlier by the word of the server. */
  lifetimeDue(config: SessionConfig): Due {
    const own = this.#lifeFrom + config.maxDurationMinutes * MINUTE_MS;
    return { earliest: Math.min(own, this.#earliestCap), latest: Math.min(own, this.#latestCap ?? own) };
  }

  #unpause(at: number): void {
    if (this.#pausedAt === undefined) return;
    const away = at - this.#pausedAt;
    this.#pausedAt = undefined;
    this.#idleFrom = [this.#idleFrom[0] + away, this.#idleFrom[1] + away];
    this.#lifeFrom += away;
  }

  #revived(at: number): void {
    const wasUsable = this.transitions.some(({ to }) => to === 'active');
    if (!wasUsable) this.#lifeFrom = at;
    this.#idleFrom = [at, at];
    this.#latestCap = undefined;
  }
}
