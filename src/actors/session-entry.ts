import type { ActorRefFrom, SnapshotFrom } from 'xstate';
import { type PublicState, publicStateOf } from '../machines/public-state.ts';
import type { sessionMachine } from '../machines/session.ts';
import type { SessionConfig } from '../machines/session-config.ts';
import type { EndReason, SessionContext } from '../machines/session-types.ts';
import type { ActivityOrder, Ordered } from './activity-order.ts';
import type { SessionDriver } from './ports.ts';

export type SessionRef = ActorRefFrom<typeof sessionMachine>;
export type SessionSnapshot = SnapshotFrom<typeof sessionMachine>;

/** A session as its owner sees it at one moment. */
export interface SessionView {
  readonly sessionId: string;
  readonly state: PublicState;
  readonly context: SessionContext;
}

export interface StartRequest {
  readonly sessionId: string;
  readonly driver: SessionDriver;
  /** Asked for when the session is let in: settings may change while it waits. */
  readonly config: () => SessionConfig;
}

/** A session that the host knows: waiting for a slot as long as it has no actor. */
export class Entry implements Ordered {
  earlier: Ordered | undefined;
  later: Ordered | undefined;
  order: ActivityOrder<Ordered> | undefined;
  /** Its place among the sessions that may be evicted. */
  readonly idle: IdlePlace = new IdlePlace(this);
  readonly request: StartRequest;
  ref: SessionRef | undefined;
  /** The last snapshot that was committed: what a crash is judged by. */
  committed: SessionSnapshot | undefined;
  /** Transitions whose snapshot is not committed yet. */
  pending: { before: SessionSnapshot | undefined; after: SessionSnapshot; event: { type: string; at: number } }[] = [];
  /** The end that was asked for: an actor that throws forgets what waits in its mailbox. */
  endReason: EndReason | undefined;
  /** Its actor threw, and the coordinator has not yet said what becomes of it. */
  crashed = false;
  /** It was admitted again, and its chart has not taken that yet. */
  reviving = false;

  constructor(request: StartRequest) {
    this.request = request;
  }
}

export class IdlePlace implements Ordered {
  earlier: Ordered | undefined;
  later: Ordered | undefined;
  order: ActivityOrder<Ordered> | undefined;
  readonly entry: Entry;

  constructor(entry: Entry) {
    this.entry = entry;
  }
}

/** Whether a session has a slot; one without a snapshot was just admitted. */
export const holdsSlot = (snapshot: SessionSnapshot | undefined): boolean =>
  snapshot === undefined || snapshot.hasTag('live');

/** The attempts whose credentials a session may hold: the one that its chart names, and one that is under way. */
export function namedAttempts({ context, children }: SessionSnapshot): readonly (number | undefined)[] {
  return [context.lease?.attempt, children.acquire === undefined ? undefined : context.attempt];
}

export const viewOf = (snapshot: SessionSnapshot): SessionView => ({
  sessionId: snapshot.context.sessionId,
  state: publicStateOf(snapshot.value),
  context: snapshot.context,
});
