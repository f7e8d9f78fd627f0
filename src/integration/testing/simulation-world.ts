import { createHash } from 'node:crypto';
import type { AnyActorRef } from 'xstate';
import { isSessionchartError } from '../../actors/errors.ts';
import type { MemorySource } from '../../services/memory-source.ts';
import type {
  SessionErrorEvent,
  SessionEvent,
  SessionRenewalEvent,
  SessionStateEvent,
  SessionWarningEvent,
} from '../../services/session-api.ts';
import type { SessionManager } from '../../services/session-manager.ts';
import type { SeededRandom } from './random.ts';
import { SimulationClock } from './simulation-clock.ts';
import type { SimulationPlan } from './simulation-plan.ts';
import { Story } from './simulation-story.ts';
import type { SimulationView } from './simulation-types.ts';

type AnyEvent = SessionEvent | SessionRenewalEvent | SessionErrorEvent | SessionStateEvent | SessionWarningEvent;

/** Part of every secret that the drawn provider hands out: it must be seen nowhere. */
export const CANARY = 'ek_canary';

/** So long a mint is waited for, ms. */
const MINT_DEADLINE_MS = 10_000;

/** A rule that was broken, and what was seen of it. */
export interface Fault {
  readonly invariant: string;
  readonly seen: string;
  /** Time since the run began, ms. */
  readonly at: number;
  /** The operations up to there. */
  readonly operations: readonly string[];
  /** What an invariant threw. */
  readonly cause: unknown;
}

interface OpenCall {
  readonly what: string;
  readonly since: number;
  readonly limitMs: number;
}

/** What is known of a run while it goes on. Everything that happens is written into its digest. */
export class SimulationWorld implements SimulationView {
  readonly plan: SimulationPlan;
  readonly random: SeededRandom;
  readonly clock: SimulationClock;
  readonly stories = new Map<string, Story>();
  readonly calls = new Map<number, OpenCall>();
  /** Session actors that can be made to throw from within, where the run has an inspector. */
  readonly actors = new Map<string, AnyActorRef>();
  /** Settings that change while sessions live, where the run has any. */
  settings: MemorySource | undefined;
  /** The operations so far, one line each. */
  readonly trace: string[] = [];
  readonly #invariants: ReadonlySet<string>;
  readonly #digest = createHash('sha256');
  readonly #began: number;
  #manager: SessionManager | undefined;
  /** The first rule that was broken. */
  fault: Fault | undefined;
  /** The provider takes credentials back. */
  takesBack = false;
  /** Set when nothing may be told any more. */
  isOver = false;
  /** How deep operations are nested in each other. */
  depth = 0;
  /** Starts that were asked for. */
  started = 0;
  /** Sessions that were live at the last look: where the limit is lowered they may stay. */
  live = 0;
  mints = 0;
  crashes = 0;
  events = 0;
  #made = 0;
  #named = 0;

  constructor(plan: SimulationPlan, random: SeededRandom, invariants: ReadonlySet<string>, onInstant: () => void) {
    this.#invariants = invariants;
    this.plan = plan;
    this.random = random;
    this.clock = new SimulationClock(onInstant);
    this.#began = this.clock.awake();
  }

  get manager(): SessionManager {
    if (this.#manager === undefined) throw new Error('the run has no manager yet');
    return this.#manager;
  }

  get sessions(): Iterable<Story> {
    return this.stories.values();
  }

  get digest(): string {
    return this.#digest.copy().digest('hex');
  }

  nextSessionId(): string {
    this.#named += 1;
    return `s${this.#named}`;
  }

  /** The session of this id; it may be met before anything is told of it. */
  storyOf(sessionId: string): Story {
    const known = this.stories.get(sessionId);
    if (known !== undefined) return known;
    const story = new Story(sessionId, this.clock.outside.now());
    this.stories.set(sessionId, story);
    return story;
  }

  /** The first one counts; what follows from it would only confuse. */
  broken(invariant: string, seen: string, cause?: unknown): void {
    if (!this.#invariants.has(invariant)) return;
    this.fault ??= { invariant, seen, at: this.#elapsed, operations: [...this.trace], cause };
  }

  write(line: string): void {
    this.#digest.update(`${this.clock.awake() - this.#began} ${this.depth} ${line}\n`);
  }

  /** Notes an operation, indented where a collaborator called it. */
  noteOperation(text: string): void {
    const seconds = (this.#elapsed / 1_000).toFixed(3);
    this.trace.push(`${seconds.padStart(13)} s  ${'  '.repeat(this.depth)}${text}`);
    this.write(text);
  }

  /** Calls the manager, and sees to it that the answer is one that is promised. */
  call(what: string, codes: readonly string[], limitMs: number, make: () => Promise<unknown>): void {
    this.#made += 1;
    const number = this.#made;
    this.calls.set(number, { what, since: this.clock.awake(), limitMs });
    const answered = (answer: string): void => {
      this.calls.delete(number);
      this.write(`${what} → ${answer}`);
    };
    const refused = (error: unknown): void => {
      const code = isSessionchartError(error) ? error.code : undefined;
      answered(code ?? 'unknown');
      if (code === undefined || !codes.includes(code)) {
        this.broken('answers', `${what} was answered with ${code ?? String(error)}`);
      }
      if (this.plan.has.canary) this.lookFor(CANARY, error instanceof Error ? [error.message, error.cause] : error);
    };
    let promise: Promise<unknown>;
    try {
      promise = make();
    } catch (error) {
      refused(error);
      return;
    }
    promise.then(() => answered('done'), refused);
  }

  lookFor(secret: string, value: unknown): void {
    const text =
      value instanceof Error ? `${value.message} ${value.stack} ${String(value.cause)}` : JSON.stringify(value);
    if (text?.includes(secret)) this.broken('secrets', `a secret was told in ${text.slice(0, 120)}`);
  }

  /** Takes the manager, and hears of everything that it tells from now on. */
  adopt(manager: SessionManager): void {
    this.#manager = manager;
    const hear = (event: AnyEvent): void => this.#hear(event);
    manager.onSessionStarted(hear);
    manager.onSessionEnded(hear);
    manager.onSessionRenewed(hear);
    manager.onSessionError(hear);
    manager.onSessionStateChanged(hear);
    manager.onSessionWarning(hear);
  }

  /** Time since the run began, sleep included, ms. */
  get #elapsed(): number {
    return this.clock.outside.now() - this.#began;
  }

  #hear(event: AnyEvent): void {
    const { sessionId, type } = event;
    this.events += 1;
    const now = this.clock.outside.now();
    const story = this.storyOf(sessionId);
    this.write(`${sessionId} ${type} ${detailOf(event)}`);
    if (this.plan.has.canary) this.lookFor(CANARY, event);
    if (this.isOver) this.broken('silence', `${type} of ${sessionId} was told after the disposal`);
    if (story.endedAt !== undefined) {
      this.broken(type === 'ended' ? 'one-end' : 'silence', `${type} of ${sessionId} was told after its end`);
    }
    if (type === 'state-changed') this.#moved(story, event, now);
    else if (type === 'started') story.started(now);
    else if (type === 'ended') {
      story.endedAt = now;
      story.endReason = event.reason;
      if (story.state !== 'ended') this.broken('chain', `${sessionId} was told to have ended while ${story.state}`);
    } else if ('error' in event && event.error?.code === 'SESSION_CRASHED') {
      this.crashes += 1;
      story.crashed(now, this.clock.awake(), this.plan.has.channel);
    }
  }

  #moved(story: Story, { previousState, newState, reason }: SessionStateEvent, now: number): void {
    if (previousState !== story.state) {
      const seen = `${story.sessionId} went from ${previousState} to ${newState}, but was ${story.state}`;
      this.broken('chain', seen);
    }
    const waited = now - (story.lastMintAt ?? now);
    // Attempts that a circuit breaker held back are not seen here: what looks like the first may be a later one.
    const isFirst = story.mints === 1 && !this.plan.has.recovery;
    if (reason === 'credential not obtained in time' && waited < (isFirst ? MINT_DEADLINE_MS : 1)) {
      this.broken(
        'patience',
        `${story.sessionId} gave its attempt number ${story.mints} to mint up after ${waited} ms`,
      );
    }
    story.entered(previousState, newState, reason, now, this.clock.awake());
    if (newState !== 'ending') return;
    story.endingAt = now;
    const config = this.manager.getSessionConfig(story.sessionId);
    if (config === undefined) return;
    story.dueAtEnding = { idle: story.idleDue(config).earliest, lifetime: story.lifetimeDue(config).earliest };
  }
}

function detailOf(event: AnyEvent): string {
  if (event.type === 'state-changed') return `${event.previousState} → ${event.newState}: ${event.reason}`;
  if (event.type === 'ended') return `${event.reason} ${event.unfinished.join()}`;
  if (event.type === 'started') return event.sessionInfo.state;
  return 'error' in event && event.error !== undefined ? event.error.code : '';
}
