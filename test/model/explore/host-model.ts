import type { EndReason } from '../../../src/machines/session-types.ts';
import type { Order, Stimulus } from '../chart-lab.ts';
import {
  type CoordinatorModel,
  type CoordinatorMoment,
  type CoordinatorStep,
  contextOf,
  coordinatorKey,
  OTHER,
  placeName,
} from './coordinator-model.ts';
import type { Happening } from './happenings.ts';
import { ABSENT, isEvictable, type Member, type MemberStep, memberKey, type Tell, type Violation } from './member.ts';
import type { SessionModel } from './session-model.ts';
import { stateOf } from './watch.ts';

/** A coordinator and its sessions at one moment, by the numbers under which the model keeps them. */
export interface Crew {
  readonly coordinator: number;
  readonly members: readonly number[];
}

export interface Outcome {
  readonly crew: Crew;
  readonly violations: readonly Violation[];
}

/** What is still to be done before a step is over. Orders come first, then what they made others tell, then the rest. */
interface Agenda {
  readonly coordinator: number;
  readonly members: readonly number[];
  readonly orders: readonly { readonly order: Order; readonly of: number }[];
  readonly inner: readonly { readonly tell: Tell; readonly of: number }[];
  readonly outer: readonly { readonly tell: Tell; readonly of: number }[];
  readonly violations: readonly Violation[];
}

/** What one session does when something happens to it. */
type Operation = (sessions: SessionModel, member: Member) => MemberStep | undefined;

const endFor =
  (reason: EndReason): Operation =>
  (sessions, member) => {
    if (member.phase === 'waiting') return sessions.refuse(member);
    return member.phase === 'running' ? sessions.end(member, reason) : undefined;
  };

const DIVERGED: Violation = {
  invariant: 'canonical',
  what: 'it has another future than a session that looked alike: the chart counts on something that must not matter',
};

/** No step of a few sessions gives more to do than this. */
const LONGEST_AGENDA = 1_000;
const ENDLESS: Violation = { invariant: 'slots', what: 'coordinator and sessions keep each other busy without end' };

const OUT_OF_ORDER: Violation = { invariant: 'queue', what: 'who came later is before who came first' };
const UNANSWERED: Violation = { invariant: 'answers', what: 'a wish to be let in again is not answered' };

interface Kept {
  readonly member: number;
  readonly tells: readonly Tell[];
  readonly violations: readonly Violation[];
}

/**
 * The host, as data: it carries what sessions tell to the coordinator, and what the coordinator orders to sessions, in the
 * order in which the real one does.
 *
 * Members and coordinators are kept under numbers and every step of one is made once, so that the product of many costs
 * no more than looking up. A test walks the real host beside it and compares.
 */
export class HostModel {
  readonly #sessions: SessionModel;
  /** The same sessions, with nothing left out of their moments. */
  readonly #shadow: SessionModel | undefined;
  readonly #coordinators: CoordinatorModel;
  readonly #happenings: ReadonlyMap<string, Happening>;
  readonly #members: Member[] = [];
  readonly #memberIds = new Map<string, number>();
  readonly #memberSteps: Map<string, Kept | undefined>[] = [];
  /** Of each member, as it was when it was first come to, with nothing left out. */
  readonly #raw: Member[] = [];
  readonly #worlds: CoordinatorMoment[] = [];
  readonly #worldIds = new Map<string, number>();
  readonly #worldSteps: Map<string, { coordinator: number; step: CoordinatorStep } | undefined>[] = [];

  constructor(
    sessions: SessionModel,
    shadow: SessionModel | undefined,
    coordinators: CoordinatorModel,
    happenings: ReadonlyMap<string, Happening>,
  ) {
    this.#sessions = sessions;
    this.#shadow = shadow;
    this.#coordinators = coordinators;
    this.#happenings = happenings;
  }

  begin(sessions: number): Crew {
    const absent = this.#keep(ABSENT, ABSENT);
    return { coordinator: this.#keepWorld(this.#coordinators.begin()), members: Array(sessions).fill(absent) };
  }

  member(id: number): Member {
    return this.#members[id] as Member;
  }

  world(id: number): CoordinatorMoment {
    return this.#worlds[id] as CoordinatorMoment;
  }

  get sizes(): { readonly members: number; readonly coordinators: number } {
    return { members: this.#members.length, coordinators: this.#worlds.length };
  }

  /** The same crew at another time, for one whose moments are not canonical: all have one clock. */
  at({ coordinator, members }: Crew, now: number): Crew {
    const moment = this.world(coordinator);
    return {
      coordinator: this.#keepWorld({ ...moment, world: { ...moment.world, now } }),
      members: members.map(id => {
        const member = this.member(id);
        const { moment: was } = member;
        if (was === undefined) return id;
        const moved = { ...member, moment: { ...was, world: { ...was.world, now } } };
        return this.#keep(moved, moved);
      }),
    };
  }

  /** All that can come of something happening to one member; nothing where it cannot happen. */
  happen({ coordinator, members }: Crew, index: number, name: string): readonly Outcome[] {
    const happening = this.#happenings.get(name) as Happening;
    const kept = this.#step(members[index] as number, name, happening);
    if (kept === undefined) return [];
    const same = kept.member === members[index] && kept.tells.length === 0 && kept.violations.length === 0;
    if (same) return [];
    return this.#carryOut({
      coordinator,
      members: members.with(index, kept.member),
      orders: [],
      inner: [],
      outer: kept.tells.map(tell => ({ tell, of: index })),
      violations: kept.violations,
    });
  }

  /** All that can come of something happening to the coordinator. */
  command({ coordinator, members }: Crew, name: string, stimulus: Stimulus): readonly Outcome[] {
    const found = this.#tell(coordinator, name, stimulus);
    if (found === undefined) return [];
    return this.#carryOut(
      this.#ordered({ coordinator, members, orders: [], inner: [], outer: [], violations: [] }, found, -1),
    );
  }

  #carryOut(first: Agenda): Outcome[] {
    const outcomes: Outcome[] = [];
    const open: Agenda[] = [first];
    let steps = 0;
    for (let agenda = open.pop(); agenda !== undefined; agenda = open.pop()) {
      steps += 1;
      if (steps > LONGEST_AGENDA) {
        const { coordinator, members } = first;
        return [{ crew: { coordinator, members }, violations: [ENDLESS] }];
      }
      const [order, ...orders] = agenda.orders;
      if (order !== undefined) {
        open.push(...this.#obey({ ...agenda, orders }, order.order, order.of));
        continue;
      }
      const [inner, ...others] = agenda.inner;
      if (inner !== undefined) {
        open.push(this.#told({ ...agenda, inner: others }, inner.tell, inner.of));
        continue;
      }
      const [outer, ...rest] = agenda.outer;
      if (outer !== undefined) {
        open.push(this.#told({ ...agenda, outer: rest }, outer.tell, outer.of));
        continue;
      }
      const { coordinator, members, violations } = agenda;
      outcomes.push({ crew: { coordinator, members }, violations });
    }
    return outcomes;
  }

  #told(agenda: Agenda, tell: Tell, of: number): Agenda {
    const { place } = this.member(agenda.members[of] as number);
    const event = { ...tell, sessionId: place < 0 ? OTHER : placeName(place) };
    const found = this.#tell(agenda.coordinator, JSON.stringify(event), { kind: 'event', event });
    if (found === undefined) return agenda;
    const next = this.#ordered(agenda, found, of);
    if (tell.type !== 'REVIVE' || this.world(agenda.coordinator).world.snapshot.value === 'stopped') return next;
    const isAnswered = found.step.orders.some(({ type }) => type === 'revive' || type === 'refuse');
    return isAnswered ? next : { ...next, violations: [...next.violations, UNANSWERED] };
  }

  /** The coordinator has moved: who waits has a new place, and what it ordered is to be done. */
  #ordered(agenda: Agenda, { coordinator, step }: { coordinator: number; step: CoordinatorStep }, of: number): Agenda {
    const indexOf = (name: string): number =>
      name === OTHER ? of : agenda.members.findIndex(id => placeName(this.member(id).place) === name);
    const orders = step.orders.map(order => {
      const { sessionId, sessionIds } = (order.params ?? {}) as { sessionId?: string; sessionIds?: string[] };
      if (sessionIds !== undefined) return { order: { ...order, params: { indices: sessionIds.map(indexOf) } }, of };
      return { order, of: sessionId === undefined ? of : indexOf(sessionId) };
    });
    const waited = agenda.members
      .map(id => this.member(id).place)
      .filter(place => place >= 0)
      .sort((a, b) => a - b);
    const line = [...waited.map(placeName), OTHER];
    const admitted = step.orders.filter(({ type }) => type === 'admit').map(({ params }) => String(params?.sessionId));
    const isInOrder = [...admitted, ...step.queue].every(
      (name, i, all) => i === 0 || line.indexOf(all[i - 1] as string) < line.indexOf(name),
    );
    const violations = isInOrder ? agenda.violations : [...agenda.violations, OUT_OF_ORDER];
    const places = new Map(step.queue.map((name, place) => [indexOf(name), place]));
    const members = agenda.members.map((id, index) => this.#placed(id, places.get(index) ?? -1));
    return { ...agenda, coordinator, members, violations, orders: [...agenda.orders, ...orders] };
  }

  #obey(agenda: Agenda, { type, params }: Order, of: number): Agenda[] {
    const one = (index: number, name: string, operation: Operation): Agenda[] => [
      this.#operate(agenda, index, name, operation),
    ];
    switch (type) {
      case 'admit': {
        const { now } = this.world(agenda.coordinator).world;
        return one(of, `run at ${now}`, (sessions, member) => sessions.run(member, now));
      }
      case 'refuse': {
        const wrong = this.#wrongIn(agenda, of, (params as { code?: string }).code);
        const next = this.#operate(agenda, of, 'refuse', (sessions, member) => sessions.refuse(member));
        return [wrong === undefined ? next : { ...next, violations: [...next.violations, wrong] }];
      }
      case 'revive':
        return one(of, 'revive', (sessions, member) => sessions.revive(member));
      case 'restart':
        return one(of, 'restart', (sessions, member) => sessions.restart(member));
      case 'abandon':
        return one(of, 'abandon', (sessions, member) => sessions.abandon(member));
      case 'refuseWaiting': {
        const { indices } = params as { indices: readonly number[] };
        return [this.#each(agenda, indices, 'refuse', (sessions, member) => sessions.refuse(member))];
      }
      case 'endAll': {
        const all = agenda.members.map((_, index) => index);
        const { reason } = params as { reason: EndReason };
        return [this.#each(agenda, all, `end ${reason}`, endFor(reason))];
      }
      case 'abandonAll': {
        const all = agenda.members.map((_, index) => index);
        return [this.#each(agenda, all, 'abandon', (sessions, member) => sessions.abandon(member))];
      }
      case 'evictFor': {
        const victims = agenda.members.flatMap((id, index) => (isEvictable(this.member(id)) ? [index] : []));
        // Which of them has been idle for longest the model does not know: it may be any.
        if (victims.length > 0) {
          return victims.flatMap(victim =>
            one(victim, 'end evicted', (sessions, member) => sessions.end(member, 'evicted')),
          );
        }
        const tell: Tell = { type: 'CANCEL', code: 'SESSION_LIMIT_REACHED' };
        return [{ ...agenda, inner: [...agenda.inner, { tell, of }] }];
      }
      default:
        throw new Error(`the coordinator ordered "${type}", which the host does not know`);
    }
  }

  /** What is wrong with turning this one away, or with what it is told. */
  #wrongIn({ coordinator, members }: Agenda, index: number, code: string | undefined): Violation | undefined {
    const { phase, moment, endAsked } = this.member(members[index] as number);
    const { world } = this.world(coordinator);
    const { live, limit, whenFull } = contextOf(world);
    const accepts = world.snapshot.value === 'accepting';
    const runs = phase === 'running' && moment !== undefined;
    if (runs && stateOf(moment.world) !== 'failed')
      return { invariant: 'answers', what: 'a session that lives is turned away' };
    if (runs && accepts && live < limit)
      return { invariant: 'fairness', what: 'a renewal is refused although there is a slot' };
    const full = whenFull === 'queue' && phase === 'waiting' ? 'SESSION_QUEUE_FULL' : 'SESSION_LIMIT_REACHED';
    const withdrawn = phase === 'waiting' && endAsked !== null;
    const expected = !accepts ? 'MANAGER_NOT_READY' : withdrawn ? 'SESSION_ENDED' : full;
    return code === expected
      ? undefined
      : { invariant: 'answers', what: `a refusal has the code ${code}, not ${expected}` };
  }

  #each(agenda: Agenda, indices: readonly number[], name: string, operation: Operation): Agenda {
    return indices.reduce((next, index) => this.#operate(next, index, name, operation), agenda);
  }

  #operate(agenda: Agenda, index: number, name: string, operation: Operation): Agenda {
    const kept = this.#step(agenda.members[index] as number, name, operation);
    if (kept === undefined) return agenda;
    return {
      ...agenda,
      members: agenda.members.with(index, kept.member),
      inner: [...agenda.inner, ...kept.tells.map(tell => ({ tell, of: index }))],
      violations: [...agenda.violations, ...kept.violations],
    };
  }

  #step(id: number, name: string, operation: Operation): Kept | undefined {
    const known = this.#memberSteps[id] as Map<string, Kept | undefined>;
    if (known.has(name)) return known.get(name);
    const step = operation(this.#sessions, this.member(id));
    const shadow = this.#shadow === undefined ? step : operation(this.#shadow, this.#raw[id] as Member);
    const kept = step === undefined || shadow === undefined ? undefined : this.#kept(step, shadow);
    known.set(name, kept);
    return kept;
  }

  /** A step, and the same one with nothing left out: both break the same rules and come to the same, or too much was left out. */
  #kept(step: MemberStep, shadow: MemberStep): Kept {
    const violations = [...step.violations, ...shadow.violations];
    const told = JSON.stringify(step.tells) === JSON.stringify(shadow.tells);
    if (
      violations.length === 0 &&
      !(told && memberKey(this.#sessions.canonical(shadow.member)) === memberKey(step.member))
    )
      violations.push(DIVERGED);
    return { member: this.#keep(step.member, shadow.member), tells: step.tells, violations };
  }

  #placed(id: number, place: number): number {
    const member = this.member(id);
    if (member.place === place) return id;
    return this.#keep({ ...member, place }, { ...(this.#raw[id] as Member), place });
  }

  #keep(member: Member, raw: Member): number {
    const key = memberKey(member);
    const known = this.#memberIds.get(key);
    if (known !== undefined) return known;
    const id = this.#members.push(member) - 1;
    this.#raw.push(raw);
    this.#memberIds.set(key, id);
    this.#memberSteps.push(new Map());
    return id;
  }

  #tell(coordinator: number, name: string, stimulus: Stimulus) {
    const known = this.#worldSteps[coordinator] as Map<
      string,
      { coordinator: number; step: CoordinatorStep } | undefined
    >;
    if (known.has(name)) return known.get(name);
    const step = this.#coordinators.step(this.world(coordinator), stimulus);
    const found = step === undefined ? undefined : { coordinator: this.#keepWorld(step.moment), step };
    known.set(name, found);
    return found;
  }

  #keepWorld(world: CoordinatorMoment): number {
    const key = coordinatorKey(world);
    const known = this.#worldIds.get(key);
    if (known !== undefined) return known;
    const id = this.#worlds.push(world) - 1;
    this.#worldIds.set(key, id);
    this.#worldSteps.push(new Map());
    return id;
  }
}
