import { expect } from 'vitest';
import type { AnyActorRef, InspectionEvent } from 'xstate';
import { FakeCredentialProvider } from '../../../src/integration/testing/fake-credential-provider.ts';
import { createSessionManager, type SessionManager } from '../../../src/services/session-manager.ts';
import type { SessionManagerOptions } from '../../../src/services/session-manager-options.ts';
import { FragileClock } from '../../support/fragile-clock.ts';
import { type KeptEvent, keepEvents, SECOND } from '../../support/managed.ts';

/** A session actor cannot be made to throw from outside; an event whose parts throw when they are read does it. */
const POISON = {
  type: 'CONFIGURE',
  get config(): never {
    throw new Error('poison');
  },
};

/** What the coordinator counts. */
interface Counts {
  readonly live: number;
  readonly sessions: number;
}

export interface Breakable {
  readonly manager: SessionManager;
  readonly clock: FragileClock;
  readonly provider: FakeCredentialProvider;
  readonly events: KeptEvent[];
  /** Makes the actor of a session throw, at once or as soon as it is not busy. */
  crash(sessionId: string): void;
  /** Every count that the coordinator ever had. */
  readonly counts: Counts[];
  /** What listeners were told of a session, in order. */
  toldOf(sessionId: string): string[];
  /** Ends everything and checks that nothing is left. */
  close(): Promise<void>;
}

interface BreakableOptions extends Partial<SessionManagerOptions> {
  readonly provider?: (clock: FragileClock) => FakeCredentialProvider | undefined;
}

/** An initialised manager in a world of virtual time, whose session actors throw when they are told to. */
export async function breakable({ provider: make, inspect, ...options }: BreakableOptions = {}): Promise<Breakable> {
  const clock = new FragileClock();
  const provider = make === undefined ? new FakeCredentialProvider(clock) : make(clock);
  const actors = new Map<string, AnyActorRef>();
  const counts: Counts[] = [];
  const manager = createSessionManager({
    clock,
    ...(provider === undefined ? {} : { credentials: provider }),
    inspect: (event: InspectionEvent) => {
      const { id } = event.actorRef as AnyActorRef;
      if (event.type === '@xstate.actor') actors.set(id, event.actorRef as AnyActorRef);
      if (event.type === '@xstate.snapshot' && id === 'coordinator') {
        counts.push((event.snapshot as unknown as { readonly context: Counts }).context);
      }
      if (typeof inspect === 'function') inspect(event);
      else inspect?.next?.(event);
    },
    ...options,
  });
  await manager.initialize();
  const events = keepEvents(manager);
  return {
    manager,
    clock,
    provider: provider ?? new FakeCredentialProvider(clock),
    events,
    counts,
    crash(sessionId) {
      const actor = actors.get(sessionId);
      if (actor?.getSnapshot().status === 'active') actor.send(POISON);
    },
    toldOf: sessionId =>
      events
        .filter(({ event }) => event.sessionId === sessionId)
        .map(({ channel, event }) => {
          if (channel === 'state') return `${event.previousState} → ${event.newState}`;
          return channel === 'error' ? event.error.code : channel === 'ended' ? `ended: ${event.reason}` : event.type;
        }),
    async close() {
      manager.dispose();
      await clock.advance(5 * SECOND);
      expect(clock.pending, 'timers left').toBe(0);
      expect(manager.getAllSessions()).toEqual([]);
      expect(provider?.outstanding ?? []).toEqual([]);
      expect(counts.at(-1) ?? { live: 0, sessions: 0 }).toMatchObject({ live: 0, sessions: 0 });
    },
  };
}
