import type { Refusal } from '../../../src/machines/coordinator.ts';
import type { EndReason } from '../../../src/machines/session-types.ts';
import { keyOf, type Moment } from './canonical.ts';

/**
 * A session as its host and its callers know it.
 *
 * | Phase | |
 * |---|---|
 * | `absent` | nobody has asked for it |
 * | `waiting` | it was asked for and has no actor yet |
 * | `running` | its actor runs; also while it is kept after a failure |
 * | `gone` | it ended, or was never let in |
 */
export interface Member {
  readonly phase: 'absent' | 'waiting' | 'running' | 'gone';
  /** Place in the queue of the coordinator, from 0; -1 where it does not wait. */
  readonly place: number;
  readonly moment: Moment | undefined;
  /** The end that was asked for. */
  readonly endAsked: EndReason | null;
  /** It was admitted again, and its chart has not taken that yet. */
  readonly reviving: boolean;
  /** Calls of its owner: who waits for an answer, and who has one. */
  readonly start: 'none' | 'pending' | 'answered';
  readonly renewal: boolean;
  /** How often its end was told. */
  readonly ends: number;
  readonly crashes: number;
}

/** What a member tells the coordinator. */
export type Tell =
  | { readonly type: 'START' | 'FAILED' | 'RETURNED' | 'REVIVE' }
  | { readonly type: 'CANCEL'; readonly code: Refusal }
  | { readonly type: 'ENDED'; readonly held: boolean }
  | { readonly type: 'CRASHED'; readonly held: boolean; readonly ending: boolean };

/** A rule that does not hold. */
export interface Violation {
  readonly invariant: string;
  readonly what: string;
}

export interface MemberStep {
  readonly member: Member;
  readonly tells: readonly Tell[];
  readonly violations: readonly Violation[];
}

export const ABSENT: Member = {
  phase: 'absent',
  place: -1,
  moment: undefined,
  endAsked: null,
  reviving: false,
  start: 'none',
  renewal: false,
  ends: 0,
  crashes: 0,
};

export const isEvictable = ({ phase, moment }: Member): boolean =>
  phase === 'running' &&
  moment !== undefined &&
  (moment.world.snapshot.hasTag('serving') || moment.world.snapshot.matches('paused'));

/** Whether it has a slot of the coordinator. */
export const holdsSlot = ({ phase, moment, reviving }: Member): boolean =>
  phase === 'running' && (reviving || moment?.world.snapshot.hasTag('live') === true);

export function memberKey({ moment, ...rest }: Member): string {
  return `${JSON.stringify(rest)}${moment === undefined ? '' : keyOf(moment)}`;
}
