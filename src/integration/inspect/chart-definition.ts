import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from 'xstate';
import { CHART_WORDS } from './chart-words.ts';
import type { ChartDefinition, ChartEdge, ChartNode, ChartWords, EdgeId, NodeId } from './page-protocol.ts';

const known = new WeakMap<object, ChartDefinition>();

/**
 * The chart of a machine as plain data: its states, its edges, and what their names mean. Neither the initial context
 * nor any function is in it.
 *
 * The same chart gives the same definition and key, whatever implementations it was provided with. Not made anew for a
 * machine that was asked about before.
 *
 * @example
 * ```ts
 * chartDefinition(sessionMachine).nodes[0]?.id; // 'session'
 * ```
 */
export function chartDefinition(machine: AnyStateMachine): ChartDefinition {
  let definition = known.get(machine.config);
  if (definition === undefined) {
    definition = made(machine);
    known.set(machine.config, definition);
  }
  return definition;
}

/** The id of an edge that was taken. */
export function edgeIdOf(transition: AnyTransitionDefinition): EdgeId {
  const { source, eventType } = transition;
  const among = source.transitions.get(eventType) ?? [];
  const at = among.indexOf(transition);
  return at >= 0 ? edgeId(source, eventType, at) : edgeId(source, '', source.always?.indexOf(transition) ?? -1);
}

/** What the type of a delayed event says: the name of the delay, and the node whose edge it is. */
export function timerParts(
  machine: AnyStateMachine,
  type: string,
): { readonly name: string; readonly node: NodeId } | undefined {
  if (!type.startsWith(DELAY)) return undefined;
  const rest = type.slice(DELAY.length);
  // Both may have dots in them: the node is what is one.
  for (let dot = rest.indexOf('.'); dot >= 0; dot = rest.indexOf('.', dot + 1)) {
    const node = rest.slice(dot + 1);
    if (nodesOf(machine).has(node)) return { name: delayName(rest.slice(0, dot)), node };
  }
  return undefined;
}

/** The nodes of a machine by their id. */
const nodesOf = (machine: AnyStateMachine): ReadonlyMap<string, unknown> =>
  (machine as unknown as { readonly idMap: ReadonlyMap<string, unknown> }).idMap;

const DELAY = 'xstate.after.';
const DONE = /^xstate\.done\.(?:actor|state)\.(.+)$/;
const ERROR = /^xstate\.error\.(?:actor|execution|platform)\.?(.*)$/;
const SNAPSHOT = 'xstate.snapshot.';

/** A delay that has no name is a number of milliseconds. */
const delayName = (name: string): string => (/^\d+(?:\.\d+)?$/.test(name) ? `${name} ms` : name);

const edgeId = (source: AnyStateNode, type: string, at: number): EdgeId => `${source.id}|${type}|${at}`;

function made(machine: AnyStateMachine): ChartDefinition {
  const nodes: ChartNode[] = [];
  const edges: ChartEdge[] = [];
  const visit = (node: AnyStateNode): void => {
    nodes.push(nodeOf(node));
    for (const [type, transitions] of node.transitions) {
      transitions.forEach((transition, at) => {
        edges.push(edgeOf(machine, transition, type, edgeId(node, type, at)));
      });
    }
    node.always?.forEach((transition, at) => {
      edges.push(edgeOf(machine, transition, null, edgeId(node, '', at)));
    });
    for (const child of Object.values(node.states)) visit(child);
  };
  visit(machine.root);
  const plain = {
    id: machine.id,
    root: machine.root.id,
    nodes,
    edges,
    events: machine.events.filter(type => !type.startsWith('xstate.') && !type.endsWith('*')),
    words: wordsOf(machine.id, nodes, edges),
  };
  return { key: `${machine.id}-${hashOf(JSON.stringify(plain))}`, ...plain };
}

function nodeOf(node: AnyStateNode): ChartNode {
  const initial = node.type === 'compound' ? node.initial.target?.[0] : undefined;
  return {
    id: node.id,
    key: node.key,
    parent: node.parent?.id ?? null,
    type: node.type,
    initial: initial?.id ?? null,
    tags: node.tags,
    ...(node.description === undefined ? {} : { description: node.description }),
    entry: visible(node.entry),
    exit: visible(node.exit),
    invokes: node.invoke.map(({ id, src }) => ({ id, src: sourceName(src) })),
  };
}

function edgeOf(
  machine: AnyStateMachine,
  transition: AnyTransitionDefinition,
  type: string | null,
  id: EdgeId,
): ChartEdge {
  const { source, target, guard, actions, reenter } = transition;
  return {
    id,
    source: source.id,
    targets: target?.map(({ id: node }) => node) ?? [],
    kind: kindOf(type),
    event: type,
    label: labelOf(machine, source, type),
    ...(guard === undefined ? {} : { guard: guardName(guard) }),
    actions: visible(actions),
    reenter: reenter === true,
  };
}

function kindOf(type: string | null): ChartEdge['kind'] {
  if (type === null) return 'always';
  if (type.startsWith(DELAY)) return 'delay';
  if (DONE.test(type)) return 'done';
  return ERROR.test(type) ? 'error' : 'event';
}

function labelOf(machine: AnyStateMachine, source: AnyStateNode, type: string | null): string {
  if (type === null) return '';
  const delay = timerParts(machine, type);
  if (delay !== undefined) return delay.name;
  if (type.startsWith('xstate.done.state.')) return 'done';
  const done = DONE.exec(type)?.[1];
  if (done !== undefined) return `done: ${invokedName(source, done)}`;
  const failed = ERROR.exec(type)?.[1];
  if (failed !== undefined) return `error: ${invokedName(source, failed)}`;
  return type.startsWith(SNAPSHOT) ? `told by ${invokedName(source, type.slice(SNAPSHOT.length))}` : type;
}

/** An invoked actor that was given no id goes by the name of its source. */
function invokedName(source: AnyStateNode, id: string): string {
  const at = source.invoke.findIndex(invoked => invoked.id === id);
  const invoked = source.invoke[at];
  return invoked !== undefined && id === `${at}.${source.id}` ? sourceName(invoked.src) : id;
}

/** What an actor is invoked from: a name, or `inline`. */
export const sourceName = (src: unknown): string =>
  typeof src === 'string' && !src.startsWith('xstate.invoke.') ? src : 'inline';

/** What XState does by itself is not shown: cancelling, raising, spawning. */
export const visible = (actions: readonly unknown[]): string[] =>
  actions.map(nameOf).filter(name => !name.startsWith('xstate.'));

function nameOf(part: unknown): string {
  if (typeof part === 'string') return part;
  const { type, name } = part as { readonly type?: unknown; readonly name?: unknown };
  if (typeof type === 'string') return type;
  return typeof name === 'string' && name !== '' && !PLACES.includes(name) ? name : 'inline';
}

/** A function without a name of its own goes by that of the place where it stands. */
const PLACES: readonly string[] = ['guard', 'actions', 'entry', 'exit'];

/** The name of a guard; of one that is made of others, theirs. */
export function guardName(guard: unknown): string {
  const { guards } = guard as { readonly guards?: readonly unknown[] };
  const name = nameOf(guard);
  if (!Array.isArray(guards)) return name;
  return name === 'not' ? `not ${guardName(guards[0])}` : guards.map(guardName).join(` ${name} `);
}

/** The sentences for what the chart has. */
function wordsOf(id: string, nodes: readonly ChartNode[], edges: readonly ChartEdge[]): ChartWords {
  const words = Object.hasOwn(CHART_WORDS, id) ? CHART_WORDS[id] : undefined;
  const has = {
    guards: edges.flatMap(({ guard }) => guard?.split(/ (?:and|or) |^not /) ?? []),
    delays: edges.filter(({ kind }) => kind === 'delay').map(({ label }) => label),
    actions: [...edges.flatMap(({ actions }) => actions), ...nodes.flatMap(({ entry, exit }) => [...entry, ...exit])],
  };
  const kept = (part: keyof ChartWords): Record<string, string> =>
    Object.fromEntries(Object.entries(words?.[part] ?? {}).filter(([name]) => has[part].includes(name)));
  return { guards: kept('guards'), delays: kept('delays'), actions: kept('actions') };
}

/** FNV-1a, twice from different beginnings: 64 bits are plenty to tell the charts of a process apart. */
function hashOf(text: string): string {
  let a = 0x811c9dc5;
  let b = 0xcbf29ce4;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    a = Math.imul(a ^ code, 0x01000193);
    b = Math.imul(b ^ (code + i), 0x01000193);
  }
  return `${(a >>> 0).toString(36)}${(b >>> 0).toString(36)}`;
}
