import type { AnyActorRef } from 'xstate';
import type { Clock } from '../../actors/ports.ts';
import type { Acceptance, ActorRow, Explanation, Party } from './page-protocol.ts';

/** A delayed event that is armed. */
export interface TargetTimer {
  readonly id: string;
  /** When it comes, on `now()` of the target's clock. */
  readonly dueAt: number;
  /** Type of the event, where it is not the id. */
  readonly event?: string;
}

/** What is known of an actor beyond its snapshot. Times are ms since the Unix epoch. */
export type ActorFacts = Partial<Pick<ActorRow, 'since' | 'startedAt' | 'activeAt' | 'renewals' | 'error' | 'reason'>>;

/** What a target tells at one moment: its clocks are read once, its timers sorted out once. Not to be kept. */
export interface Look {
  factsOf(actor: AnyActorRef): ActorFacts;
  /** @param among ids of all timers that the actor may have, where they are known: spares going through those of others. */
  timersOf(actor: AnyActorRef, among?: Iterable<string>): readonly TargetTimer[];
  /** A time on `now()` of the target's clock, in ms since the Unix epoch. */
  wallTime(at: number): number;
}

/** An event, as people write it. */
export interface SaidEvent {
  readonly type: string;
  readonly [field: string]: unknown;
}

/**
 * What an inspector looks at: an actor system, and what only its owner can tell of it. A session manager has one; of any
 * other actor `actorTarget` makes one.
 */
export interface InspectionTarget {
  readonly kind: 'manager' | 'actor';
  readonly clock: Pick<Clock, 'now' | 'wall'>;
  /** Its system is what is inspected. */
  readonly root: AnyActorRef;
  /** Names an actor that people look for in the list; the same after a crash. `undefined` for one that is a mere part. */
  keyOf(actor: AnyActorRef): string | undefined;
  /** The live actors that have a key, the root first, parents before their children. */
  actors(): Iterable<AnyActorRef>;
  /** The actor of that key, if it is alive. */
  actorOf(key: string): AnyActorRef | undefined;
  roleOf(actor: AnyActorRef): Party['role'];
  /** The state by which people look for it. Cheap: asked for at every transition. */
  stateOf(actor: AnyActorRef, snapshot: unknown): string;
  look(): Look;
  /** What the actor would make of each event that may be sent to it. */
  acceptsOf(actor: AnyActorRef): readonly Acceptance[];
  /** Why an event moved the actor, in words. */
  causeOf(actor: AnyActorRef, event: SaidEvent): string;
  /** Who said something to an actor that came from no actor; the application unless told otherwise. */
  speakerOf(actor: AnyActorRef, event: SaidEvent): Party['role'] | undefined;
  /** The actor that an event to the root is about, and who said it. */
  aboutOf(event: SaidEvent): { readonly key: string; readonly from: Party['role'] } | undefined;
  /** Slots of a manager. */
  slots(): { readonly taken: number; readonly limit: number; readonly waiting: number } | null;
  /**
   * Says something to an actor, as an application would.
   *
   * @throws SessionchartError if the event is none, or is refused; nothing has happened then.
   */
  send(key: string, event: SaidEvent): Promise<void>;
  /** The story of a session, also of one that ended not long ago. */
  explain(key: string): Explanation | undefined;
  /** Those that ended and of which something is known, the latest last. */
  ended(): Iterable<{ readonly key: string; readonly id: string }>;
}
