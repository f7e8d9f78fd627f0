import { settleWithin } from '../../actors/deadline.ts';
import type { Clock, Logger } from '../../actors/ports.ts';
import type { EndReason } from '../../machines/session-types.ts';
import { createPrivacyController } from '../../services/privacy.ts';
import type { SessionRenewalEvent } from '../../services/session-api.ts';
import type { SessionConfigPatch } from '../../services/session-config.ts';
import { createSessionManager, type SessionManager } from '../../services/session-manager.ts';
import type { Inspector } from '../inspect/index.ts';
import type { VoiceBackend } from './backend.ts';
import type { TableRow } from './table.ts';
import { VoiceCall } from './voice-call.ts';

/** What the job does and when, as shares of its length. */
const PAUSE_AT = 0.3;
const RESUME_AT = 0.42;
const FAIL_AT = 0.55;
/** Length of the script when the job has no end, ms. */
const SCRIPT_MS = 20_000;
/** How long a failed session is left before it is renewed, ms: long enough to be seen. */
const RECOVER_AFTER_MS = 600;
/** Idle time of the session that is let go, minutes. */
const SHORT_IDLE_MINUTES = 0.06;
const SESSION_LIMIT = 4;
/** Longest wait for steps that are under way when the job is over, ms. */
const LAST_STEPS_MS = 2_000;
/** Leads before the expiry of keys that live for a few seconds. */
const FIRST_MARGIN_SECONDS = 1;
const MARGIN_STEP_SECONDS = 0.23;

export interface VoiceJobOptions {
  readonly backend: VoiceBackend;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Frames of 20 ms that every caller speaks in a loop. */
  readonly frames: readonly Uint8Array[];
  /** How long to run, ms; without it until `signal` aborts. */
  readonly durationMs?: number;
  readonly signal: AbortSignal;
  /** Looks at the sessions, if somebody asks it to. */
  readonly inspector: Pick<Inspector, 'attach'>;
}

/** What a run came to. Gaps are those between consecutive echoes, ms. */
export interface VoiceSummary {
  readonly service: VoiceBackend['name'];
  readonly sessions: number;
  readonly renewals: number;
  readonly failedAndRecovered: number;
  readonly framesSent: number;
  readonly framesEchoed: number;
  /** Against a provider, which does not return what it hears, nothing can be said about lost frames. */
  readonly framesLost: number | null;
  readonly longestGapMs: number;
  readonly longestGapDuringRenewalMs: number;
  readonly longestGapOutsideRenewalMs: number;
  readonly endedWithReason: number;
  readonly reasons: Readonly<Partial<Record<EndReason, number>>>;
}

/** Voice sessions that live through everything that a session can meet, while real speech goes over real sockets. */
export class VoiceJob {
  readonly #options: VoiceJobOptions;
  readonly #manager: SessionManager;
  readonly #calls = new Map<string, VoiceCall>();
  readonly #notes = new Map<string, string>();
  readonly #reasons: Partial<Record<EndReason, number>> = {};
  readonly #timers = new Set<unknown>();
  /** Aborts when the job is over: whoever waits for a step of the script goes on, and finds that out. */
  readonly #over = new AbortController();
  readonly #work = new Set<Promise<void>>();
  #started = 0;
  #renewals = 0;
  #recovered = 0;

  constructor(options: VoiceJobOptions) {
    this.#options = options;
    const { backend, clock, logger } = options;
    this.#manager = createSessionManager({
      clock,
      logger,
      credentials: backend.keys,
      limit: SESSION_LIMIT,
      privacy: createPrivacyController({ clock, logger }),
      config: backend.service === undefined ? {} : { heartbeatIntervalSeconds: 2 },
    });
  }

  /** Runs until it is told to stop, then ends everything and says how it went. */
  async run(): Promise<VoiceSummary> {
    const { durationMs, signal } = this.#options;
    await this.#manager.initialize();
    this.#options.inspector.attach(this.#manager, 'voice');
    this.#watch();
    try {
      await this.#speak(await this.#call('speaks throughout'));
      await this.#speak(await this.#call('pauses and goes on'));
      await this.#speak(await this.#call('fails and recovers'));
      await this.#call('is let go idle', { inactivityTimeoutMinutes: SHORT_IDLE_MINUTES });
      this.#schedule(durationMs ?? SCRIPT_MS);
      await this.#until(durationMs, signal);
    } finally {
      await this.#finish();
    }
    return this.#summary();
  }

  /** The sessions as a table shows them. */
  rows(): TableRow[] {
    return this.#manager.getAllSessions().map(({ sessionId, state, statistics }) => {
      const { timerStatus } = this.#manager.getSessionDiagnostics(sessionId);
      const stats = this.#calls.get(sessionId)?.stream.stats();
      return {
        sessionId: sessionId.slice(-8),
        state,
        renewalInMs: timerStatus.renewalTimer?.timeRemainingMs,
        idleInMs: timerStatus.timeoutTimer?.timeRemainingMs,
        heartbeatInMs: timerStatus.heartbeatTimer?.timeRemainingMs,
        lifetimeInMs: timerStatus.lifetimeTimer?.timeRemainingMs,
        renewals: statistics.renewalCount,
        framesSent: stats?.framesSent ?? 0,
        framesEchoed: stats?.framesEchoed ?? 0,
        longestGapMs: stats?.longestGapMs ?? 0,
        note: this.#notes.get(sessionId),
      };
    });
  }

  async #call(note: string, own: SessionConfigPatch = {}): Promise<VoiceCall> {
    const { backend, clock, frames } = this.#options;
    // Providers tell expiries in whole seconds, so equal margins would renew all sessions at the same instant.
    const renewalMarginSeconds = FIRST_MARGIN_SECONDS + this.#calls.size * MARGIN_STEP_SECONDS;
    const config = { ...(backend.service === undefined ? {} : { renewalMarginSeconds }), ...own };
    const call = await VoiceCall.start({ manager: this.#manager, backend, clock, frames, config });
    this.#calls.set(call.sessionId, call);
    this.#notes.set(call.sessionId, note);
    return call;
  }

  async #speak(call: VoiceCall): Promise<void> {
    await call.connect();
    call.speak();
  }

  #watch(): void {
    this.#manager.onSessionStarted(async () => {
      this.#started += 1;
    });
    this.#manager.onSessionEnded(async event => {
      if (event.type === 'ended') this.#reasons[event.reason] = (this.#reasons[event.reason] ?? 0) + 1;
    });
    this.#manager.onSessionRenewed(async event => this.#onRenewal(event));
  }

  #onRenewal({ type, sessionId }: SessionRenewalEvent): void {
    const call = this.#calls.get(sessionId);
    call?.stream.markRenewal(type === 'renewal-started');
    if (type === 'renewal-completed') this.#renewals += 1;
    if (type === 'renewal-failed' && call !== undefined) this.#doing(this.#recover(call));
  }

  /** What an application does when a session failed: hang up, renew, call again. */
  async #recover(call: VoiceCall): Promise<void> {
    await call.disconnect();
    await this.#until(RECOVER_AFTER_MS, this.#over.signal);
    if (this.#over.signal.aborted) return;
    const { success } = await this.#manager.renewSession(call.sessionId);
    if (!success || this.#over.signal.aborted) return;
    await this.#speak(call);
    this.#recovered += 1;
  }

  #schedule(lengthMs: number): void {
    const [, pausing, failing] = [...this.#calls.values()];
    const { service } = this.#options.backend;
    if (pausing === undefined || failing === undefined) return;
    this.#after(lengthMs * PAUSE_AT, () => {
      pausing.hush();
      this.#doing(this.#manager.pauseSession(pausing.sessionId));
    });
    this.#after(lengthMs * RESUME_AT, () => {
      this.#doing(this.#manager.resumeSession(pausing.sessionId).then(() => pausing.speak()));
    });
    // Only the local service can be told to fail.
    if (service === undefined) return;
    this.#after(lengthMs * FAIL_AT, () => {
      service.faults.add({ on: 'mint', respond: { status: 401 } });
      this.#doing(this.#manager.renewSession(failing.sessionId).then(() => undefined));
    });
  }

  #after(ms: number, act: () => void): void {
    const timer = this.#options.clock.setTimeout(() => {
      this.#timers.delete(timer);
      act();
    }, ms);
    this.#timers.add(timer);
  }

  #doing(work: Promise<void>): void {
    const guarded = work
      .catch((error: unknown) => this.#options.logger.warn('a step of the job failed', error))
      .finally(() => this.#work.delete(guarded));
    this.#work.add(guarded);
  }

  async #until(durationMs: number | undefined, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    await new Promise<void>(resolve => {
      signal.addEventListener('abort', () => resolve(), { once: true });
      if (durationMs !== undefined) this.#after(durationMs, resolve);
    });
  }

  async #finish(): Promise<void> {
    this.#over.abort();
    for (const timer of this.#timers) this.#options.clock.clearTimeout(timer);
    this.#timers.clear();
    await Promise.all([...this.#calls.values()].map(call => call.finish()));
    await this.#manager[Symbol.asyncDispose]();
    await settleWithin(this.#options.clock, LAST_STEPS_MS, () => Promise.all(this.#work));
    await this.#options.backend.close();
  }

  #summary(): VoiceSummary {
    const stats = [...this.#calls.values()].map(({ stream }) => stream.stats());
    const sum = (of: (each: (typeof stats)[number]) => number): number =>
      stats.reduce((total, each) => total + of(each), 0);
    const longest = (of: (each: (typeof stats)[number]) => number): number => Math.max(0, ...stats.map(of));
    return {
      service: this.#options.backend.name,
      sessions: this.#started,
      renewals: this.#renewals,
      failedAndRecovered: this.#recovered,
      framesSent: sum(each => each.framesSent),
      framesEchoed: sum(each => each.framesEchoed),
      framesLost: this.#options.backend.service === undefined ? null : sum(each => each.framesLost),
      longestGapMs: longest(each => each.longestGapMs),
      longestGapDuringRenewalMs: longest(each => each.longestGapDuringRenewalMs),
      longestGapOutsideRenewalMs: longest(each => each.longestGapOutsideRenewalMs),
      endedWithReason: Object.values(this.#reasons).reduce((total, count) => total + count, 0),
      reasons: this.#reasons,
    };
  }
}
