import type { AnyStateMachine, AnyStateNode } from 'xstate';
import { actionNames, eventParts } from '../../scripts/part-names.ts';
import { type Cell, type Row, type Table, type TableState, tableOf } from '../../scripts/transition-table.ts';
import { ChartLab, type Step, type Stimulus, type World } from './chart-lab.ts';
import type { Path } from './edge-tour.ts';
import type { Subject } from './subjects.ts';

/** A way to a moment at which a part of a cell shows. */
export interface Way {
  readonly variant: string;
  readonly path: Path;
}

/** What a walk through a chart saw of its table. */
export interface CellTour {
  readonly table: Table;
  /** The first way to each part of a cell, by {@link rowKey} or {@link otherwiseKey}. */
  readonly ways: ReadonlyMap<string, Way>;
  /** The first way to each resting state. */
  readonly arrivals: ReadonlyMap<string, Way>;
  /** Ways to a state on which an actor was stopped before it answered, by {@link lateKey}. */
  readonly late: ReadonlyMap<string, Way>;
  /** The codes with which a start or a revival was refused, by {@link rowKey}. */
  readonly refusals: ReadonlyMap<string, ReadonlySet<string>>;
  /** Moments at which something else happened than the table says. */
  readonly faults: readonly string[];
  readonly moments: number;
}

export const rowKey = (state: string, { edge }: Row): string => `${state} × ${edge}`;
export const otherwiseKey = (state: string, event: string): string => `${state} × ${event} otherwise`;
export const lateKey = (state: string, actor: string): string => `${state} × ${actor}`;

interface Moment {
  readonly world: World;
  readonly path: Path;
  /** Actors that were stopped before they answered. */
  readonly stopped: ReadonlySet<string>;
}

/** Walks a chart breadth-first and holds every event at every moment against the table that the machine gives. */
export function tourCells({ machine, inputs, tour }: Subject): CellTour {
  const table = tableOf(machine);
  const seen = { ways: new Map<string, Way>(), arrivals: new Map<string, Way>(), late: new Map<string, Way>() };
  const refusals = new Map<string, Set<string>>();
  const faults: string[] = [];
  let moments = 0;
  for (const [variant, input] of Object.entries(inputs)) {
    const judge = new Judge(table, machine, input);
    const known = new Set<string>();
    const arrive = (moment: Moment): Moment[] => {
      const key = [tour.identity(moment.world.snapshot, moment.world), ...[...moment.stopped].sort()].join();
      if (known.has(key) || known.size >= tour.limit) return [];
      known.add(key);
      faults.push(...judge.strangers(moment.world));
      const way = { variant, path: moment.path };
      keep(seen.arrivals, leafOf(moment.world), way);
      for (const actor of moment.stopped) keep(seen.late, lateKey(leafOf(moment.world), actor), way);
      return [moment];
    };
    let frontier = arrive({ world: judge.lab.begin().world, path: [], stopped: new Set() });
    while (frontier.length > 0) {
      const next: Moment[] = [];
      for (const { world, path, stopped } of frontier) {
        for (const stimulus of [...tour.stimuli(world), ...judge.foreign(world)]) {
          const step = judge.lab.step(world, stimulus);
          if (step === undefined) continue;
          const longer = [...path, stimulus];
          if (step.event !== undefined) {
            const verdict = judge.judge(world, step);
            for (const code of refusedWith(step))
              refusals.set(verdict.key, (refusals.get(verdict.key) ?? new Set()).add(code));
            if (verdict.fault === undefined) keep(seen.ways, verdict.key, { variant, path: longer });
            else faults.push(`${variant}: ${verdict.fault}`);
          }
          next.push(...arrive({ world: step.world, path: longer, stopped: stoppedBy(step, world, stopped) }));
        }
      }
      frontier = next;
    }
    moments += known.size;
  }
  return { table, ...seen, refusals, faults: [...new Set(faults)], moments };
}

const keep = (ways: Map<string, Way>, key: string, way: Way): void => {
  if (!ways.has(key)) ways.set(key, way);
};

/** The path of the state that a chart rests in. */
export const leafOf = ({ snapshot }: World): string =>
  snapshot._nodes.find(({ type }) => type === 'atomic' || type === 'final')?.path.join('.') ?? '';

function stoppedBy({ event, world }: Step, before: World, stopped: ReadonlySet<string>): Set<string> {
  const running = (at: World): string[] => Object.keys(at.snapshot.children);
  const answered = event === undefined ? undefined : eventParts(event.type).name;
  const all = new Set([...stopped, ...running(before).filter(actor => actor !== answered)]);
  // What runs (again) is not stopped, and the actor of an event that came from it has answered.
  for (const actor of running(world)) all.delete(actor);
  return all;
}

const MARK = 'action:';

/** At how many moments in a state it is told what does not belong there. */
const LOOKS = 20;

/** Holds single steps against a table. */
class Judge {
  readonly lab: ChartLab;
  readonly #table: Table;
  readonly #states: ReadonlyMap<string, TableState>;
  readonly #actions = new Map<string, unknown>();
  readonly #looks = new Map<string, number>();

  constructor(table: Table, machine: AnyStateMachine, input: object) {
    this.#table = table;
    this.#states = new Map(table.states.map(state => [state.path, state]));
    // Every action leaves a mark before it is taken, so that their order can be seen.
    this.lab = new ChartLab(machine, input, copy => this.#mark(copy.root));
  }

  #mark(node: AnyStateNode): void {
    for (const transition of [...[...node.transitions.values()].flat(), ...(node.always ?? [])]) {
      const marked = transition.actions.flatMap(action => {
        const type = `${MARK}${this.#actions.size}`;
        this.#actions.set(type, action);
        return [{ type }, action];
      });
      Object.assign(transition, { actions: marked });
    }
    for (const child of Object.values(node.states)) this.#mark(child);
  }

  /** What cannot happen in this state, but may be said to the chart all the same. */
  *foreign(world: World): Generator<Stimulus> {
    const looks = this.#looks.get(leafOf(world)) ?? 0;
    if (looks >= LOOKS) return;
    this.#looks.set(leafOf(world), looks + 1);
    const around = new Set(world.snapshot._nodes.map(({ id }) => id));
    for (const type of this.#table.events) {
      const { kind, name, state } = eventParts(type);
      if (kind === 'timer' && state !== undefined && !around.has(state)) yield { kind: 'event', event: { type } };
      // An error that nobody takes breaks a chart; that none comes is seen on the real actor.
      const isAnswer = kind === 'answer' && type.startsWith('xstate.done');
      if (isAnswer && world.snapshot.children[name] === undefined && !this.#takes(world, type)) {
        yield { kind: 'event', event: { type } };
      }
    }
  }

  #takes(world: World, type: string): boolean {
    return (this.#cell(leafOf(world), type)?.rows.length ?? 0) > 0;
  }

  /** Timers and actors that are there, although their state is not. */
  strangers(world: World): string[] {
    const cells = this.#states.get(leafOf(world))?.cells ?? [];
    const quiet = new Set(cells.filter(({ rows }) => rows.length === 0).map(({ event }) => event));
    const timers = [...world.timers.values()].map(({ event }) => event.type).filter(type => quiet.has(type));
    const actors = Object.keys(world.snapshot.children).filter(id => quiet.has(`xstate.done.actor.${id}`));
    return [...timers, ...actors].map(name => `${name} is there in ${leafOf(world)}`);
  }

  #cell(state: string, event: string): Cell | undefined {
    return this.#states.get(state)?.cells.find(cell => cell.event === event);
  }

  /** The part of a cell that a step shows, or what is wrong with it. */
  judge(before: World, step: Step): { readonly key: string; readonly fault?: string } {
    const state = leafOf(before);
    const event = step.event?.type ?? '';
    const cell = this.#cell(state, event);
    const told = (what: string) => ({ key: '', fault: `${state} × ${event}: ${what}` });
    if (cell === undefined) return told('not in the table');
    const [edge, ...more] = step.edges;
    if (edge === undefined || edge.includes(' — always #')) {
      if (cell.otherwise === undefined) return told('nothing was taken');
      return isSame(before, step) ? { key: otherwiseKey(state, event) } : told('ignored, and yet something changed');
    }
    const row = cell.rows.find(candidate => candidate.edge === edge);
    if (row === undefined) return told(`${edge} was taken, which is not in the cell`);
    const after = more.map(name => this.#always(name));
    const all = [row, ...after];
    const actions = step.orders.filter(({ type }) => type.startsWith(MARK)).map(({ type }) => this.#actions.get(type));
    const [expected, actual] = [all.flatMap(each => each.actions), actionNames(actions)];
    if (String(expected) !== String(actual)) return told(`actions ${actual}, in the table ${expected}`);
    const end = all.reduce((at, { target }) => (target === undefined ? at : this.#within(target)), state);
    if (end !== leafOf(step.world)) return told(`leads to ${leafOf(step.world)}, by the table to ${end}`);
    const plain = row.actions.length === 0 && row.target === undefined && !row.reenter;
    if (plain && !isSame(before, step)) return told('does nothing by the table, and yet something changed');
    const codes = row.meaning.kind === 'refused' ? row.meaning.codes : row.refusesWaiting;
    const refused = refusedWith(step);
    if (refused.some(code => !codes.includes(code))) return told(`refused with ${refused}, by the table with ${codes}`);
    return { key: rowKey(state, row) };
  }

  #always(edge: string): Row {
    const row = this.#table.states.flatMap(({ always }) => always).find(candidate => candidate.edge === edge);
    if (row === undefined) throw new Error(`the table has no "${edge}"`);
    return row;
  }

  /** The innermost state that is entered with a state. */
  #within(path: string): string {
    const initial = this.#states.get(path)?.initial;
    return initial === undefined ? path : this.#within(initial);
  }
}

const refusedWith = ({ orders }: Step): string[] =>
  orders.filter(({ type }) => type === 'refuse').map(({ params }) => String(params?.code));

/** Whether a step left state, context, timers and surroundings as they were. */
function isSame(before: World, { world, orders }: Step): boolean {
  const seen = ({ snapshot, timers }: World): string =>
    JSON.stringify([snapshot.value, snapshot.context, Object.keys(snapshot.children), [...timers]]);
  return seen(before) === seen(world) && orders.length === 0;
}
