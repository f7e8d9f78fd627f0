import { expect, it } from 'vitest';
import type { AnyStateMachine, AnyStateNode } from 'xstate';
import { coordinatorMachine } from '../../src/machines/coordinator.ts';
import { sessionMachine } from '../../src/machines/session.ts';
import type { Found } from './explore/explorer.ts';
import { mutantsOf } from './explore/mutants.ts';
import { retrace, sceneOf, scriptOf } from './explore/retrace.ts';
import { BASE, type Charts, explore, REAL, SCENES, type Scene } from './explore/scenes.ts';

interface Plant {
  readonly charts: Charts;
  readonly scene: string;
  /** What the explorer finds, and the shortest way to it. */
  readonly found: string;
  readonly trace: readonly string[];
  /** Whether the real charts can take the last step at all. */
  readonly isTakenByAll: boolean;
}

const alteration = (machine: AnyStateMachine, name: string): ((copy: AnyStateMachine) => void) => {
  const found = mutantsOf(machine).find(mutant => mutant.name === name);
  if (found === undefined) throw new Error(`there is no mutant "${name}"`);
  return found.alter;
};

/** Takes a session that ends back into service when the credential comes that it had asked for before. */
function acceptAfterEnd(copy: AnyStateMachine): void {
  const { ending, serving } = copy.root.states as Record<'ending' | 'serving', AnyStateNode>;
  const renewing = serving.states.renewing?.states.acquiring as AnyStateNode;
  const [taken] = renewing.transitions.get('xstate.done.actor.acquire') ?? [];
  if (taken === undefined) throw new Error('the chart does not take a credential');
  const back = { ...taken, source: ending, target: [serving.states.active], actions: ['adopt'] };
  ending.transitions.set(taken.eventType, [back as never]);
}

const PLANTS: Readonly<Record<string, Plant>> = {
  'a credential is accepted after the end': {
    charts: { ...REAL, alterSession: acceptAfterEnd },
    scene: 'pair',
    found: 'credential: it names a credential that was given back',
    trace: ['1: start', '1: end', '1: mint ok'],
    isTakenByAll: false,
  },
  'a fatal failure of a renewal is tried again': {
    charts: {
      ...REAL,
      alterSession: alteration(
        sessionMachine,
        'session.serving.renewing.acquiring — xstate.error.actor.acquire #1: drop the guard canRetry',
      ),
    },
    scene: 'queue',
    found: 'patience: it tries again although it may not',
    trace: ['1: start', '1: mint ok', '1: timer', '1: mint refused'],
    isTakenByAll: true,
  },
  'a failed session is let in again beyond the limit': {
    charts: {
      ...REAL,
      alterCoordinator: alteration(coordinatorMachine, 'coordinator.accepting — REVIVE #1: drop the guard hasSlot'),
    },
    scene: 'pair',
    found: 'limit: 2 sessions live where 1 may',
    trace: ['1: start', '2: start', '1: timer', '1: timer', '1: renew'],
    isTakenByAll: true,
  },
};

const linesOf = ({ trace }: Found): string[] =>
  trace.map(({ session, happening }) => `${session ?? 'coordinator'}: ${happening}`);

it.each(Object.keys(PLANTS))(
  '[MOD-7] the explorer finds a planted bug on a shortest way, and it reads back: %s',
  name => {
    const { charts, scene, found, trace, isTakenByAll } = PLANTS[name] as Plant;
    const { violation } = explore(sceneOf(scene), charts);
    if (violation === undefined) throw new Error('nothing was found');
    const { invariant, what } = violation;
    expect({ found: `${invariant}: ${what}`, trace: linesOf(violation) }).toEqual({ found, trace });

    // No shorter way leads to anything.
    const nearer = explore({ ...sceneOf(scene), maxDepth: trace.length - 1 }, charts);
    expect(nearer.violation).toBeUndefined();
    expect(nearer.depth).toBe(trace.length - 1);

    const script = /`([^`]*)`/.exec(scriptOf(sceneOf(scene), violation))?.[1] ?? '';
    expect(retrace(scene, script, charts)).toContain(found);
    if (isTakenByAll) expect(retrace(scene, script)).toEqual([]);
    else {
      expect(() => retrace(scene, script)).toThrow('cannot happen there');
      expect(retrace(scene, trace.slice(0, -1).join('\n'))).toEqual([]);
    }
  },
);

/** A first look; `npm run verify` takes the long one. */
const FEW_STATES = 1_500;

it.each(SCENES.map(({ name }) => name))(
  '[MOD-7] every state that the charts come to first keeps the rules: %s',
  name => {
    const scene: Scene = { ...sceneOf(name), maxStates: FEW_STATES };
    const { states, violation } = explore(scene);
    expect(violation === undefined ? undefined : scriptOf(scene, violation)).toBeUndefined();
    expect(states).toBeGreaterThan(50);
  },
);

it('[MOD-7] a trace names its scene with what was changed about it', () => {
  const found = { invariant: 'limit', what: 'too many', trace: [{ session: 1, happening: 'start' }] };
  expect(scriptOf({ ...sceneOf('queue'), maxStates: 5 }, found)).toContain("retrace('queue', `\n  1: start\n`)");
  expect(scriptOf({ ...sceneOf('queue'), limit: 1 }, found)).toContain("retrace({ ...sceneOf('queue'), limit: 1 }, `");
  expect(scriptOf({ ...BASE, sessions: 4 }, found)).toContain('retrace({ ...BASE, sessions: 4 }, `');
});
