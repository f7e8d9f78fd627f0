import { vi } from 'vitest';
import type { AnyActorRef, AnyMachineSnapshot, InspectionEvent } from 'xstate';
import { SessionchartError } from '../../../src/actors/errors.ts';
import { SessionHost } from '../../../src/actors/session-host.ts';
import type { CoordinatorContext } from '../../../src/machines/coordinator.ts';
import type { SessionConfig } from '../../../src/machines/session-config.ts';
import type { SessionContext } from '../../../src/machines/session-types.ts';
import type { ConfigurationChangeHandler, ConfigurationManager } from '../../../src/services/configuration-types.ts';
import { SessionLedger } from '../../../src/services/session-ledger.ts';
import { createSessionManager, type SessionManager } from '../../../src/services/session-manager.ts';
import { CANONICAL_NOW } from '../explore/canonical.ts';
import { KINDS, type Scene } from '../explore/scenes.ts';
import { NamingClock } from './named-timers.ts';
import { Outside } from './outside.ts';

/** What became of the calls for one session. */
export interface Calls {
  start: 'none' | 'pending' | 'answered';
  renewal: boolean;
  ends: number;
}

export const idOf = (index: number): string => `s${index + 1}`;

/** The host that a manager works with. */
function hostOf(manager: SessionManager): SessionHost {
  const asked = vi.spyOn(SessionHost.prototype, 'latest');
  manager.getCurrentSession();
  const host = asked.mock.contexts.at(-1) as SessionHost;
  asked.mockRestore();
  return host;
}

/** Lets promises settle; timers stay where they are, so that each is a step of its own. */
const settled = (): Promise<void> => new Promise(resolve => setImmediate(resolve));

/**
 * A real session manager, host and ledger, on a clock whose timers run one at a time, before an outside that answers
 * when it is told to.
 */
export class RealCrew {
  readonly clock: NamingClock = new NamingClock(CANONICAL_NOW);
  readonly manager: SessionManager;
  readonly outside: Outside = new Outside();
  readonly #actors = new Map<string, AnyActorRef>();
  readonly #calls = new Map<string, Calls>();
  readonly #host: SessionHost;
  #nextId = '';
  #limit: number;
  #tellSetting: ConfigurationChangeHandler | undefined;

  constructor({ limit, whenFull, kind: name, config }: Scene) {
    this.#limit = limit;
    const { outside } = this;
    const kind = KINDS[name];
    // The steps of an end are the walk's: the ledger would ask hooks and the privacy controller.
    for (const step of ['notify', 'purge'] as const) {
      vi.spyOn(SessionLedger.prototype, step).mockImplementation((sessionId: string, ...more: unknown[]) =>
        outside.ask(step, { sessionId, signal: more[0] as AbortSignal }),
      );
    }
    this.manager = createSessionManager({
      clock: this.clock,
      config,
      configuration: this.#settings(),
      createSessionId: () => this.#nextId,
      queueLimit: 2,
      restarts: { max: 1, windowMs: 60_000 },
      whenFull,
      inspect: (event: InspectionEvent) => {
        const actor = event.actorRef as AnyActorRef;
        if (event.type === '@xstate.actor' && /^(s\d|coordinator)$/.test(actor.id)) this.#actors.set(actor.id, actor);
      },
      ...(kind?.credential
        ? {
            credentials: {
              mint: request => outside.ask('acquire', request),
              revoke: request => outside.ask('revoke', request),
            },
          }
        : {}),
      ...(kind?.channel
        ? {
            driver: {
              open: request => outside.ask('open', request),
              close: request => outside.ask('close', request),
              ...(kind.probe ? { probe: request => outside.ask('probe', request) } : {}),
            },
          }
        : {}),
    });
    this.#host = hostOf(this.manager);
    this.clock.watch((this.#actors.get('coordinator') as AnyActorRef).system);
    this.manager.onSessionEnded(async ({ sessionId }) => {
      this.callsOf(sessionId).ends += 1;
    });
  }

  async begin(): Promise<void> {
    await this.manager.initialize();
  }

  callsOf(sessionId: string): Calls {
    const known = this.#calls.get(sessionId);
    if (known !== undefined) return known;
    const calls: Calls = { start: 'none', renewal: false, ends: 0 };
    this.#calls.set(sessionId, calls);
    return calls;
  }

  /** The chart of a session, if it has an actor. */
  snapshotOf(sessionId: string): (AnyMachineSnapshot & { context: SessionContext }) | undefined {
    if (this.manager.getSessionInfo(sessionId) === undefined) return undefined;
    return this.#actors.get(sessionId)?.getSnapshot();
  }

  get coordinator(): AnyMachineSnapshot & { context: CoordinatorContext } {
    return this.#actors.get('coordinator')?.getSnapshot();
  }

  // ---------------------------------------------------------------------------------------------- what can happen

  start(sessionId: string): void {
    this.#nextId = sessionId;
    const calls = this.callsOf(sessionId);
    calls.start = 'pending';
    const answered = (): void => {
      calls.start = 'answered';
    };
    this.manager.startSession().then(answered, answered);
  }

  renew(sessionId: string): void {
    const calls = this.callsOf(sessionId);
    calls.renewal = true;
    void this.manager.renewSession(sessionId).then(() => {
      calls.renewal = false;
    });
  }

  /** A call whose answer says nothing that the model knows. */
  call(operation: (manager: SessionManager) => Promise<unknown>): void {
    operation(this.manager).catch(() => undefined);
  }

  configure(sessionId: string, config: SessionConfig): void {
    this.call(manager => manager.updateSessionConfig(sessionId, config));
  }

  setLimit(limit: number): void {
    this.#limit = limit;
    const change = { section: 'session', key: 'maxConcurrentSessions', newValue: limit };
    void this.#tellSetting?.(change as never);
  }

  /** A wish to be let in again that comes when the session cannot be: the manager itself asks only when it can. */
  reviveCrossed(sessionId: string): void {
    this.#host.revive(sessionId);
  }

  refuse(sessionId: string): void {
    if (this.snapshotOf(sessionId) !== undefined) this.#actors.get(sessionId)?.send({ type: 'REFUSED' });
  }

  /** Its actor throws: the clock fails when the next event is stamped. */
  crash(sessionId: string): void {
    this.clock.isBroken = true;
    this.#actors.get(sessionId)?.send({ type: 'ACTIVITY' });
  }

  credential(lifeMs: number) {
    return { secret: 'the secret', expiresAt: this.clock.wall() + lifeMs };
  }

  failure(code: 'NETWORK_ERROR' | 'INVALID_CREDENTIALS' | 'RATE_LIMITED', retryAfterMs?: number): Error {
    return new SessionchartError(code, retryAfterMs === undefined ? {} : { retryAfterMs });
  }

  /** Until nothing moves by itself. What is given back outside the release of an end is taken back at once. */
  async settle(): Promise<void> {
    for (let isMoving = true; isMoving; ) {
      await settled();
      isMoving = this.outside.takeBack(sessionId => this.#runsRelease(sessionId));
    }
  }

  // ---------------------------------------------------------------------------------------------- inside

  #runsRelease(sessionId: string): boolean {
    return this.snapshotOf(sessionId)?.children.release !== undefined;
  }

  #settings(): ConfigurationManager {
    return {
      isInitialized: () => true,
      getSessionConfig: () => ({ maxConcurrentSessions: this.#limit }),
      onConfigurationChanged: (handler: ConfigurationChangeHandler) => {
        this.#tellSetting = handler;
        return {
          dispose: () => {
            this.#tellSetting = undefined;
          },
        };
      },
    } as unknown as ConfigurationManager;
  }
}
