import type { AnyStateMachine } from 'xstate';
import type { SessionConfig } from '../../../src/machines/session-config.ts';
import { sessionDisposition } from '../../../src/machines/session-face.ts';
import { reportsOf, type SessionReport } from '../../../src/machines/session-report.ts';
import type { EndReason, SessionContext, SessionKind } from '../../../src/machines/session-types.ts';
import { ChartLab, type Step, type Stimulus, type World } from '../chart-lab.ts';
import { type Blindness, CANONICAL_NOW, canonical, type Moment } from './canonical.ts';
import type { Member, MemberStep, Tell, Violation } from './member.ts';
import { SESSION_RULES } from './session-rules.ts';
import { contextOf, freshWatch, restartedWatch, stateOf, watched } from './watch.ts';
import type { SessionRule } from './witness.ts';

export interface SessionModelOptions {
  readonly machine: AnyStateMachine;
  readonly kind: SessionKind;
  readonly config: SessionConfig;
  readonly seed: number;
  readonly invariants: readonly string[];
  /** Moments are taken to their canonical form after each step; without it time goes on. */
  readonly canonical: Blindness | undefined;
  readonly alter?: ((copy: AnyStateMachine) => void) | undefined;
}

/** The sessions of a host, one step at a time: the real chart, and what the host and the ledger do at each commit. */
export class SessionModel {
  readonly options: SessionModelOptions;
  readonly #lab: ChartLab;
  readonly #rules: readonly (readonly [string, SessionRule])[];

  constructor(options: SessionModelOptions) {
    this.options = options;
    const { machine, kind, config, seed, alter } = options;
    this.#lab = new ChartLab(machine, { sessionId: 's', kind, config, seed }, alter);
    this.#rules = Object.entries(SESSION_RULES).filter(([name]) => options.invariants.includes(name));
  }

  /** The chart is told something, or time does. */
  stimulate(member: Member, stimulus: Stimulus, late = false): MemberStep | undefined {
    if (member.phase !== 'running' || member.moment === undefined) return undefined;
    const step = this.#lab.step(member.moment.world, stimulus);
    if (step === undefined) return undefined;
    if (step.event === undefined) return this.#still(member, { ...member.moment, world: step.world });
    return this.#commit(member, step, late);
  }

  /** The host was told to run it: for the first time, or again after its actor threw. */
  run(member: Member, at: number): MemberStep {
    const { moment } = member;
    const previous = moment === undefined ? undefined : (contextOf(moment.world) as SessionContext);
    const now = moment?.world.now ?? at;
    const more = previous === undefined ? {} : { config: previous.config, previous };
    const step = this.#lab.begin({ at: now, ...more } as { at: number });
    return this.#commit({ ...member, phase: 'running', place: -1 }, step, false);
  }

  /** Its actor throws: what it holds is given back, and the coordinator decides what becomes of it. */
  crash(member: Member): MemberStep {
    const { moment, reviving, endAsked } = member;
    const live = moment === undefined || moment.world.snapshot.hasTag('live');
    const ends = endAsked !== null || (moment !== undefined && stateOf(moment.world) === 'ending');
    const watch = moment === undefined ? freshWatch(0) : { ...moment.watch, held: [], connected: false, steps: '' };
    return {
      member: {
        ...member,
        reviving: false,
        crashes: member.crashes + 1,
        moment: moment === undefined ? undefined : { ...moment, watch },
      },
      tells: [{ type: 'CRASHED', held: live || reviving, ending: ends }],
      violations: [],
    };
  }

  /** The coordinator gave a crashed one another chance. */
  restart(member: Member): MemberStep {
    if (member.endAsked === null) return this.run(member, CANONICAL_NOW);
    const gone = this.abandon(member);
    return { ...gone, tells: [{ type: 'ENDED', held: true }] };
  }

  /** It is taken away without having ended by itself. */
  abandon(member: Member): MemberStep {
    const { phase } = member;
    if (phase === 'gone' || phase === 'absent') return { member, tells: [], violations: [] };
    if (member.moment === undefined) return this.refuse(member);
    return this.#gone({ ...member, ends: member.ends + 1, start: answered(member), renewal: false }, []);
  }

  refuse(member: Member): MemberStep {
    if (member.phase === 'running') return { member: { ...member, renewal: false }, tells: [], violations: [] };
    return this.#gone({ ...member, start: answered(member), renewal: false }, []);
  }

  /** The coordinator let a failed one in again. */
  revive(member: Member): MemberStep {
    if (member.phase !== 'running') return { member, tells: [{ type: 'RETURNED' }], violations: [] };
    const step = this.stimulate({ ...member, reviving: true }, { kind: 'event', event: { type: 'REVIVE' } });
    return step ?? { member: { ...member, reviving: true }, tells: [], violations: [] };
  }

  /** As the manager does: a wish to end is noted, and said to who is concerned. */
  end(member: Member, reason: EndReason): MemberStep | undefined {
    const asked = { ...member, endAsked: member.endAsked ?? reason };
    if (member.phase === 'waiting') return said(asked, { type: 'CANCEL', code: 'SESSION_ENDED' });
    return this.stimulate(asked, { kind: 'event', event: { type: 'END', reason } as { type: string } });
  }

  /** As the manager does: joined, begun, or admitted again first. */
  renew(member: Member): MemberStep | undefined {
    const { moment } = member;
    if (member.phase !== 'running' || moment === undefined || member.renewal) return undefined;
    const event = { type: 'RENEW', at: moment.world.now } as const;
    const disposition = sessionDisposition(moment.world.snapshot, event);
    const isRefused = disposition.kind === 'refused';
    if (isRefused === mayRenew(moment)) {
      const what = isRefused ? 'a renewal is refused that could be had' : 'a renewal is promised that cannot be had';
      return { member, tells: [], violations: [{ invariant: 'renewal', what }] };
    }
    if (isRefused) return undefined;
    const asked = { ...member, renewal: true };
    if (disposition.kind === 'taken') return this.stimulate(asked, { kind: 'event', event });
    if (isRetained(moment.world)) return said(asked, { type: 'REVIVE' });
    return { member: asked, tells: [], violations: [] };
  }

  /** A wish to be let in again that comes when the session is no longer kept. */
  reviveCrossed(member: Member): MemberStep | undefined {
    const { phase, moment } = member;
    const isLate =
      phase === 'gone' || (moment !== undefined && stateOf(moment.world) === 'failed' && !isRetained(moment.world));
    return isLate ? said(member, { type: 'REVIVE' }) : undefined;
  }

  /** A wish to withdraw a start that comes when it waits no longer. */
  cancelCrossed(member: Member): MemberStep | undefined {
    const isLate = member.phase === 'gone' || member.phase === 'running';
    return isLate ? said(member, { type: 'CANCEL', code: 'SESSION_ENDED' }) : undefined;
  }

  start(member: Member): MemberStep {
    return said({ ...member, phase: 'waiting', start: 'pending' }, { type: 'START' });
  }

  #still(member: Member, moment: Moment): MemberStep {
    return { member: { ...member, moment: this.#settle(moment) }, tells: [], violations: [] };
  }

  /** The member with nothing in its moment that decides nothing. */
  canonical(member: Member): Member {
    return member.moment === undefined ? member : { ...member, moment: this.#settle(member.moment) };
  }

  #settle(moment: Moment): Moment {
    return this.options.canonical === undefined ? moment : canonical(moment, this.options.canonical);
  }

  #commit(member: Member, step: Step, late: boolean): MemberStep {
    const { world: after, orders } = step;
    const event = step.event ?? { type: 'xstate.init', at: after.now };
    const isRestart = event.type === 'xstate.init';
    const before = isRestart ? undefined : member.moment?.world;
    const previous = member.moment?.world;
    const was = member.moment?.watch ?? freshWatch(event.at);
    const is = watched(
      isRestart ? restartedWatch(was, event.at, this.options.kind.channel) : was,
      before,
      event,
      after,
    );
    const reports = after === previous ? [] : reportsOf(previous?.snapshot as never, after.snapshot as never, event);
    const violations: Violation[] = [];
    for (const [invariant, rule] of this.#rules) {
      const what = rule({ before, event, late, after, was, is, reports, stopped: step.stopped });
      if (what !== undefined) violations.push({ invariant, what });
    }

    const tells: Tell[] = [];
    const held = previous === undefined || previous.snapshot.hasTag('live');
    const live = after.snapshot.hasTag('live');
    const done = after.snapshot.status === 'done';
    if (done) tells.push({ type: 'ENDED', held });
    else if (held && !live) tells.push({ type: 'FAILED' });

    let next = answers({ ...member, reviving: member.reviving && !live }, reports, after, tells);
    if (orders.some(({ type }) => type === 'returnAdmission')) {
      next = { ...next, reviving: false };
      tells.push({ type: 'RETURNED' });
    }
    if (done) return this.#gone({ ...next, ends: next.ends + 1 }, tells, violations);
    return { member: { ...next, moment: this.#settle({ world: after, watch: is }) }, tells, violations };
  }

  #gone(member: Member, tells: readonly Tell[], violations: readonly Violation[] = []): MemberStep {
    const gone: Member = {
      ...member,
      phase: 'gone',
      place: -1,
      moment: undefined,
      endAsked: null,
      reviving: false,
      crashes: 0,
    };
    return { member: gone, tells, violations };
  }
}

/** Who serves on a credential can be renewed, and who failed, is not to end, and has some of its lifetime left. */
function mayRenew({ world, watch }: Moment): boolean {
  const { kind, config, endRequested } = contextOf(world);
  const state = stateOf(world);
  const waits = world.snapshot.matches({ failed: 'releasing' }) || isRetained(world);
  const lives = !watch.usable || world.now < watch.livesFrom + config.maxDurationMinutes * 60_000;
  return kind.credential && (state === 'active' || state === 'renewing' || (waits && lives && !endRequested));
}

const answered = ({ start }: Member): Member['start'] => (start === 'pending' ? 'answered' : start);

const said = (member: Member, tell: Tell): MemberStep => ({ member, tells: [tell], violations: [] });

export const isRetained = ({ snapshot }: World): boolean => snapshot.matches({ failed: 'retained' });

/** What the ledger does with the reports: who waits is answered, and a renewal that waited for the release goes on. */
function answers(member: Member, reports: readonly SessionReport[], after: World, tells: Tell[]): Member {
  let { start, renewal } = member;
  for (const report of reports) {
    switch (report.type) {
      case 'state':
        if (report.to !== 'renewing' && report.to !== 'starting') renewal = false;
        break;
      case 'renewal-completed':
      case 'renewal-failed':
        renewal = false;
        break;
      case 'started':
        start = answered({ ...member, start });
        break;
      case 'start-failed':
        start = answered({ ...member, start });
        renewal = false;
        break;
      case 'retained':
        if (renewal) tells.push({ type: 'REVIVE' });
        break;
      case 'ended':
        renewal = false;
        if (contextOf(after).usableAt === null) start = answered({ ...member, start });
        break;
    }
  }
  return { ...member, start, renewal };
}
