import type { CoordinatorContext } from '../../../src/machines/coordinator.ts';
import { type CoordinatorMoment, contextOf } from './coordinator-model.ts';
import { holdsSlot, isEvictable, type Member } from './member.ts';
import { isRetained } from './session-model.ts';
import { stateOf } from './watch.ts';

/** A coordinator and its sessions, as the rules look at them. */
export interface CrewView {
  readonly coordinator: CoordinatorMoment;
  readonly members: readonly Member[];
}

/**
 * A rule of all sessions together: says what is wrong, or nothing.
 *
 * @param before the state that the step began in.
 * @param cause what happened, by the name that a trace gives it.
 */
export type CrewRule = (view: CrewView, before: CrewView, cause: string) => string | undefined;

const count = (members: readonly Member[], holds: (member: Member) => boolean): number => members.filter(holds).length;
const valueIn = ({ coordinator }: CrewView): string => coordinator.world.snapshot.value as string;
const contextIn = ({ coordinator }: CrewView): CoordinatorContext => contextOf(coordinator.world);
const isIn = ({ moment }: Member, state: string): boolean => moment !== undefined && stateOf(moment.world) === state;

const limit: CrewRule = (view, before) => {
  const { live, limit: most } = contextIn(view);
  return live > most && live > contextIn(before).live ? `${live} sessions live where ${most} may` : undefined;
};

const slots: CrewRule = view => {
  const { live, sessions } = contextIn(view);
  if (valueIn(view) === 'stopped') return live === 0 && sessions === 0 ? undefined : 'it stopped and counts sessions';
  const held = count(view.members, holdsSlot);
  if (held !== live) return `${held} sessions hold a slot, the coordinator counts ${live}`;
  const running = count(view.members, ({ phase }) => phase === 'running');
  return running === sessions ? undefined : `${running} sessions run, the coordinator counts ${sessions}`;
};

const queue: CrewRule = view => {
  const { waiting, live, limit: most, whenFull, queueLimit } = contextIn(view);
  const places = view.members.filter(({ phase }) => phase === 'waiting').map(({ place }) => place);
  if (places.length !== waiting.length || places.some(place => place < 0))
    return 'a start waits that the coordinator does not know';
  if (waiting.length === 0) return undefined;
  if (valueIn(view) !== 'accepting') return 'a start waits for a coordinator that lets nobody in';
  if (live < most) return 'a start waits although there is a slot';
  if (whenFull === 'queue' && waiting.length > queueLimit) return 'more starts wait than may';
  const leaving = count(view.members, member => isIn(member, 'ending'));
  if (whenFull !== 'queue' && leaving < waiting.length + live - most) return 'a start waits and nobody leaves for it';
  return undefined;
};

/** Who is waited for by a call is in a state that other rules lead out of. */
const answers: CrewRule = ({ members }) => {
  for (const member of members) {
    const { phase, start, renewal, moment, reviving } = member;
    if (phase === 'gone' && (start === 'pending' || renewal)) return 'a call is not answered by the end of its session';
    if (start === 'pending' && phase === 'running' && !isIn(member, 'starting') && !isIn(member, 'ending'))
      return 'a start is not answered by what became of its session';
    if (start === 'answered' && phase === 'waiting') return 'a start is answered while it waits';
    if (renewal && phase === 'running' && moment !== undefined) {
      const waits = isIn(member, 'renewing') || isIn(member, 'starting') || reviving;
      const releases = isIn(member, 'failed') && !isRetained(moment.world);
      if (!waits && !releases) return 'a renewal is not answered by what became of it';
    }
  }
  return undefined;
};

const ends: CrewRule = ({ members }) => {
  for (const { phase, ends: told, start, moment, reviving } of members) {
    if (told > 1) return 'the end of a session is told twice';
    if (told > 0 && phase !== 'gone') return 'the end of a session is told and it is still there';
    if (phase === 'running' && moment === undefined) return 'a session runs without a state';
    if (reviving && moment !== undefined && !moment.world.snapshot.hasTag('live'))
      return 'a session was let in again and neither lives nor gave the place back';
    if (phase !== 'absent' && start === 'none') return 'a session is there that nobody asked for';
  }
  return undefined;
};

const terminal: CrewRule = (view, before) => {
  if (valueIn(before) === 'stopped' && valueIn(view) !== 'stopped') return 'it works again after it stopped';
  if (valueIn(before) === 'draining' && valueIn(view) === 'accepting')
    return 'it lets sessions in again after it began to drain';
  const revived = view.members.some(({ phase }, i) => before.members[i]?.phase === 'gone' && phase !== 'gone');
  return revived ? 'a session came back after its end' : undefined;
};

const drain: CrewRule = (view, before) => {
  const value = valueIn(view);
  if (value === 'stopped') {
    if (view.coordinator.world.timers.size > 0) return 'it stopped and left a timer';
    return view.members.some(({ phase }) => phase === 'running' || phase === 'waiting')
      ? 'it stopped and left a session behind'
      : undefined;
  }
  if (value !== 'draining') return undefined;
  if (contextIn(view).sessions === 0) return 'it drains although all are gone';
  if (view.coordinator.world.timers.size !== 1) return 'it drains without a deadline';
  const stays = view.members.find(({ phase, endAsked }) => phase === 'running' && endAsked === null);
  if (stays !== undefined) return 'it drains and a session was not asked to end';
  const isNew = (i: number): boolean => valueIn(before) === 'accepting' && before.members[i]?.endAsked === null;
  const misled = view.members.some(
    ({ phase, endAsked }, i) => phase === 'running' && isNew(i) && endAsked !== 'disposed',
  );
  return misled ? 'it drains and gives another reason for it' : undefined;
};

/** Crashes are forgiven up to the budget, of sessions that hold a slot and are not on their way out. */
const restarts: CrewRule = (view, before) => {
  if (valueIn(before) !== 'accepting' || valueIn(view) !== 'accepting') return undefined;
  const mayRestart = before.coordinator.crashed < contextIn(before).maxRestarts;
  for (const [i, { crashes, phase, ends: told }] of view.members.entries()) {
    const was = before.members[i];
    if (was?.phase !== 'running') continue;
    const leaves = was.endAsked !== null || isIn(was, 'ending');
    if (phase === 'running' && crashes > was.crashes) {
      if (!mayRestart) return 'a session is started again beyond the budget';
      if (leaves || !holdsSlot(was)) return 'a session is started again that was on its way out';
    }
    const isLost = phase === 'gone' && told > was.ends && holdsSlot(was) && !isIn(was, 'ending');
    if (isLost && mayRestart && !leaves) return 'a session that crashed is given up within the budget';
  }
  return undefined;
};

/** What was said to the coordinator holds. */
const orders: CrewRule = view => {
  const { drains, limit: most } = view.coordinator;
  if (drains && valueIn(view) === 'accepting') return 'it was told to drain and lets sessions in';
  return valueIn(view) === 'accepting' && contextIn(view).limit !== most
    ? 'the limit that was set does not hold'
    : undefined;
};

/** Nobody is turned away who has a right to a place. */
const fairness: CrewRule = (view, before, cause) => {
  if (valueIn(before) !== 'accepting' || valueIn(view) !== 'accepting') return undefined;
  const { live, limit: most, waiting, whenFull, queueLimit } = contextIn(before);
  for (const [i, { phase, ends: told, start }] of view.members.entries()) {
    const was = before.members[i];
    const strands = whenFull === 'evict-idle' && contextIn(view).limit < most;
    if (was?.phase === 'waiting' && phase === 'gone' && cause !== 'end' && !strands)
      return 'a start that waits is turned away';
    if (was?.phase !== 'absent' || phase !== 'gone' || told > 0 || start !== 'answered') continue;
    if (waiting.length === 0 && live < most) return 'a start is refused although there is a slot';
    if (whenFull === 'queue' && waiting.length < queueLimit) return 'a start is refused although it may wait';
    const evictable = count(before.members, isEvictable);
    if (whenFull === 'evict-idle' && evictable > 0 && waiting.length < live && live <= most)
      return 'a start is refused although an idle session could make room';
  }
  return undefined;
};

/** What must hold of coordinator and sessions together, in every state. */
export const CREW_RULES = {
  limit,
  slots,
  queue,
  answers,
  ends,
  'no-return': terminal,
  drain,
  restarts,
  orders,
  fairness,
} as const satisfies Record<string, CrewRule>;
