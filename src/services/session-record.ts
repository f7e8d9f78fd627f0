import type { EndReason } from '../machines/session-types.ts';
import { deepFreeze } from './deep-freeze.ts';
import type { RenewalResult, SessionExplanation, SessionInfo, SessionState } from './session-api.ts';
import type { SessionConfigPatch } from './session-config.ts';

/** Transitions kept per session; of a longer story the oldest are left out, and counted. */
const KEPT_TRANSITIONS = 512;

/** A promise with its ends. Nobody needs to wait for it. */
export interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(error: unknown): void;
}

export function deferred<T>(): Deferred<T> {
  const made = Promise.withResolvers<T>();
  made.promise.catch(() => undefined);
  return made;
}

interface Step {
  readonly at: Date;
  readonly from: SessionState;
  readonly to: SessionState;
  readonly cause: string;
  readonly error?: string;
}

/** Who waits for what of one session, what it was asked to be, and its story. */
export class SessionRecord {
  readonly sessionId: string;
  /** What the caller set; settings of the manager apply to the rest. */
  overrides: SessionConfigPatch;
  readonly started: Deferred<SessionInfo> = deferred();
  /** Settles when `onSessionReady` has run; set when the session became usable. */
  ready: Promise<unknown> | undefined;
  /** The steps of its end that were taken. A session that was lost went without. */
  readonly endSteps = new Set<'notify' | 'purge'>();
  /** One result for all who asked for the renewal that is under way. */
  renewal: Deferred<RenewalResult> | undefined;
  #ended: Deferred<void> | undefined;
  #steps: Step[] = [];
  #omitted = 0;
  #reason: EndReason | undefined;
  #unfinished: readonly string[] = [];

  constructor(sessionId: string, overrides: SessionConfigPatch) {
    this.sessionId = sessionId;
    this.overrides = overrides;
  }

  /** Settles when it has ended. Made when the first one asks: most of its life nobody waits for that. */
  get ended(): Deferred<void> {
    this.#ended ??= deferred();
    return this.#ended;
  }

  /** When it came into its state. */
  get since(): Date | undefined {
    return this.#steps.at(-1)?.at;
  }

  note(step: Step): void {
    this.#steps.push(step);
    if (this.#steps.length > 2 * KEPT_TRANSITIONS) {
      this.#omitted += this.#steps.length - KEPT_TRANSITIONS;
      this.#steps = this.#steps.slice(-KEPT_TRANSITIONS);
    }
  }

  end(reason: EndReason, unfinished: readonly string[]): void {
    this.#reason = reason;
    this.#unfinished = unfinished;
  }

  explain(): SessionExplanation {
    return deepFreeze({
      sessionId: this.sessionId,
      state: this.#steps.at(-1)?.to ?? 'idle',
      transitions: this.#steps.map(step => ({ ...step })),
      omitted: this.#omitted,
      ...(this.#reason === undefined ? {} : { reason: this.#reason }),
      unfinished: [...this.#unfinished],
    });
  }
}
