import { sanitisedCause } from '../actors/classify-failure.ts';
import { settleWithin } from '../actors/deadline.ts';
import type { Clock, Logger } from '../actors/ports.ts';
import type { ConversationLifecycleHooks, Disposable } from './session-api.ts';

/** A hook that has not returned by then is not waited for, ms (a start has 3 s in all, SP-005 PERF-001). */
export const HOOK_DEADLINE_MS = 1_000;

/** The one set of conversation hooks that is active, and how it is called: under a deadline, harming nobody. */
export class ConversationHooks {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #underWay = new Map<string, Set<AbortController>>();
  /** Wrapped, so that a set that is registered twice is two registrations. */
  #active: { readonly hooks: ConversationLifecycleHooks } | undefined;

  constructor(clock: Clock, logger: Logger, hooks: ConversationLifecycleHooks | undefined) {
    this.#clock = clock;
    this.#logger = logger;
    this.#active = hooks && { hooks };
  }

  register(hooks: ConversationLifecycleHooks): Disposable {
    if (this.#active !== undefined) this.#logger.warn('conversation hooks are replaced by another set');
    const registration = { hooks };
    this.#active = registration;
    return {
      dispose: () => {
        if (this.#active === registration) this.#active = undefined;
      },
    };
  }

  has(name: keyof ConversationLifecycleHooks): boolean {
    return this.#active?.hooks[name] !== undefined;
  }

  /** The session is gone: its hooks are not waited for any longer. */
  giveUp(sessionId: string): void {
    for (const over of this.#underWay.get(sessionId) ?? []) over.abort();
  }

  /**
   * Calls one hook.
   *
   * @returns the code of what went wrong, if something did.
   */
  async call(
    name: keyof ConversationLifecycleHooks,
    sessionId: string,
    invoke: (hooks: ConversationLifecycleHooks) => Promise<void> | void,
  ): Promise<'HOOK_FAILED' | 'HOOK_TIMEOUT' | undefined> {
    const hooks = this.#active?.hooks;
    if (hooks?.[name] === undefined) return undefined;
    const over = new AbortController();
    const calls = this.#underWay.get(sessionId) ?? new Set();
    this.#underWay.set(sessionId, calls.add(over));
    const outcome = await settleWithin(this.#clock, HOOK_DEADLINE_MS, () => invoke(hooks), over.signal);
    calls.delete(over);
    if (calls.size === 0) this.#underWay.delete(sessionId);
    if (outcome.status === 'done') return undefined;
    const code = outcome.status === 'failed' ? 'HOOK_FAILED' : 'HOOK_TIMEOUT';
    const cause = outcome.status === 'failed' ? sanitisedCause(outcome.error) : undefined;
    this.#logger.warn('a conversation hook failed', { sessionId, hook: name, code, cause });
    return code;
  }
}
