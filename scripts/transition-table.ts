// The total transition table of a chart, from the machine object: for each state in which the chart can rest, and each
// event, what becomes of it. A pair of which the chart says nothing is a fault.
import type { AnyStateMachine, AnyStateNode } from 'xstate';
import {
  candidatesIn,
  type Disposition,
  declaredIn,
  meaningOf,
  type StateMeta,
  type TransitionMeta,
} from '../src/machines/disposition.ts';
import { actionNames, eventName, eventParts, guardName } from './part-names.ts';

/** A transition, as one line of the table. */
export interface Row {
  /** Where it stands in the chart, e.g. `session.starting — END #1`. */
  readonly edge: string;
  readonly guard: string | undefined;
  /** The path of the state that it leads to, which may have states inside; without one it stays. */
  readonly target: string | undefined;
  readonly reenter: boolean;
  readonly actions: readonly string[];
  readonly meaning: Disposition;
  readonly refusesWaiting: readonly string[];
}

export interface Cell {
  readonly event: string;
  /** What may be taken, in the order in which it is looked at; the first whose guard holds is. */
  readonly rows: readonly Row[];
  /** What becomes of the event if no row is taken; `undefined` where the last row has no guard. */
  readonly otherwise: Disposition | undefined;
}

export interface TableState {
  /** E.g. `serving.renewing.acquiring`. */
  readonly path: string;
  /** `passing`: the chart never rests in it. `outer`: it has states inside. */
  readonly kind: 'resting' | 'passing' | 'final' | 'outer';
  /** The path of the state inside that is entered with it. */
  readonly initial: string | undefined;
  readonly entry: readonly string[];
  readonly exit: readonly string[];
  readonly actors: readonly string[];
  /** Taken at once, without an event. */
  readonly always: readonly Row[];
  /** One for each event of the chart; none where the chart does not rest. */
  readonly cells: readonly Cell[];
}

/** Plain data; two charts whose tables are equal have the same states, transitions, guards and actions by name. */
export interface Table {
  readonly machine: string;
  readonly initial: string;
  readonly events: readonly string[];
  readonly states: readonly TableState[];
}

/**
 * The table of a chart.
 *
 * @throws Error naming each state and event of which the chart says nothing, and each word that it says in vain.
 */
export function tableOf(machine: AnyStateMachine): Table {
  const nodes = nodesIn(machine.root);
  const events = eventsOf([...nodes, machine.root]);
  const faults: string[] = [];
  const states = nodes.map((node): TableState => {
    const kind = kindOf(node);
    const rests = kind === 'resting' || kind === 'final';
    return {
      path: pathOf(node),
      kind,
      initial: node.type === 'compound' ? pathOf(node.initial.target[0]) : undefined,
      entry: actionNames(node.entry),
      exit: actionNames(node.exit),
      actors: node.invoke.map(({ id }) => id),
      always: (node.always ?? []).map(transition => rowOf(transition, 'always')),
      cells: rests ? events.map(event => cellOf(node, event, nodes, faults)) : [],
    };
  });
  for (const node of [machine.root, ...nodes]) faults.push(...vainWords(node));
  if (faults.length > 0) throw new Error(`the chart "${machine.id}" is not total:\n- ${faults.join('\n- ')}`);
  return { machine: machine.id, initial: pathOf(machine.root.initial.target[0]), events, states };
}

type Transition = ReturnType<typeof candidatesIn>[number];

function cellOf(leaf: AnyStateNode, event: string, nodes: readonly AnyStateNode[], faults: string[]): Cell {
  // What is over takes nothing, also of what the states around it take.
  if (leaf.type === 'final') return { event, rows: [], otherwise: { kind: 'ignored', because: 'it is over' } };
  const candidates = candidatesIn(leaf, event);
  const rows = candidates.map(transition => rowOf(transition, event));
  for (const row of rows) {
    const quiet = row.actions.length === 0 && row.target === undefined && !row.reenter;
    if (quiet && row.meaning.kind === 'taken')
      faults.push(`"${row.edge}" does nothing and does not say why: give it a meta`);
  }
  if (candidates.length > 0 && candidates.at(-1)?.guard === undefined) return { event, rows, otherwise: undefined };
  const otherwise = declaredIn(leaf, event) ?? derived(leaf, event, nodes);
  if (otherwise === undefined) {
    const when = rows.length === 0 ? '' : ' when every guard says no';
    faults.push(`"${pathOf(leaf)}" says nothing of "${eventName(event)}"${when}: declare it in the meta of the state`);
  }
  return { event, rows, otherwise };
}

/** Timers and answers of actors that belong to other states need no word: they are gone with their state. */
function derived(leaf: AnyStateNode, event: string, nodes: readonly AnyStateNode[]): Disposition | undefined {
  const { kind, name, state } = eventParts(event);
  if (kind === 'said') return undefined;
  const around = new Set(lineOf(leaf).map(({ id }) => id));
  if (kind === 'timer') return state !== undefined && around.has(state) ? undefined : NOT_ARMED;
  return nodes.some(node => around.has(node.id) && runs(node, name)) ? undefined : NOT_RUNNING;
}

export const NOT_ARMED = { kind: 'ignored', because: 'it is not armed there' } as const;
export const NOT_RUNNING = {
  kind: 'ignored',
  because:
    'that actor does not run there; one that did was stopped with its state, and what it still brings is given back',
} as const;

/** Whether an actor is started by a state, or by a transition of it. */
function runs(node: AnyStateNode, actor: string): boolean {
  if (node.invoke.some(({ id }) => id === actor)) return true;
  const actions = [...node.entry, ...[...node.transitions.values()].flat().flatMap(transition => transition.actions)];
  return actionNames(actions).includes(`start ${actor}`);
}

/** Words of a state about events that all the states inside it take anyway. */
function vainWords(node: AnyStateNode): string[] {
  const { ignores = {}, postpones = {}, refuses = {} } = (node.meta ?? {}) as StateMeta;
  const said = [ignores, postpones, refuses].flatMap(words => Object.values(words)).flatMap(words => words ?? []);
  const leaves = [node, ...nodesIn(node)].filter(({ type }) => type === 'atomic');
  return said
    .filter(event => leaves.every(leaf => candidatesIn(leaf, event).at(-1)?.guard === undefined && takes(leaf, event)))
    .map(event => `"${pathOf(node)}" says something of "${event}", which is always taken there`);
}

const takes = (leaf: AnyStateNode, event: string): boolean => candidatesIn(leaf, event).length > 0;

function rowOf(transition: Transition, event: string): Row {
  const { source, guard, target, reenter, actions } = transition;
  const all = event === 'always' ? (source.always ?? []) : (source.transitions.get(event) ?? []);
  const { refusesWaiting = [] } = (transition.meta ?? {}) as TransitionMeta;
  return {
    edge: `${source.id} — ${event} #${all.indexOf(transition as never) + 1}`,
    guard: guard === undefined ? undefined : guardName(guard),
    target: target?.[0] === undefined ? undefined : pathOf(target[0]),
    reenter,
    actions: actionNames(actions),
    meaning: meaningOf(transition),
    refusesWaiting,
  };
}

function kindOf(node: AnyStateNode): TableState['kind'] {
  if (node.type === 'final') return 'final';
  if (node.type !== 'atomic') return 'outer';
  return node.always?.some(({ guard }) => guard === undefined) ? 'passing' : 'resting';
}

const pathOf = (node: AnyStateNode | undefined): string => node?.path.join('.') ?? '';

const nodesIn = (node: AnyStateNode): AnyStateNode[] =>
  Object.values(node.states).flatMap(child => [child, ...nodesIn(child)]);

function lineOf(leaf: AnyStateNode): AnyStateNode[] {
  return leaf.parent === undefined ? [leaf] : [leaf, ...lineOf(leaf.parent)];
}

/** What is said to the chart first, then its timers, then what its actors answer. */
function eventsOf(nodes: readonly AnyStateNode[]): string[] {
  const all = new Set<string>();
  for (const { transitions, meta, invoke } of nodes) {
    for (const type of transitions.keys()) all.add(type);
    const words = Object.values((meta ?? {}) as StateMeta).flatMap(says => Object.values(says).flat() as string[]);
    for (const type of words) all.add(type);
    for (const { id } of invoke) for (const how of ['done', 'error']) all.add(`xstate.${how}.actor.${id}`);
  }
  const order = ['said', 'timer', 'answer'];
  return [...all].sort((a, b) => order.indexOf(eventParts(a).kind) - order.indexOf(eventParts(b).kind));
}
