import type {
  ChartDefinition,
  ChartEdge,
  ChartNode,
  EdgeId,
  NodeId,
} from '../../src/integration/inspect/page-protocol.ts';
import { entry } from './entry.ts';
import type { Area, Chip, Glyph } from './layout-types.ts';

/** A chip before it has a place. */
export type Trigger = Omit<Chip, keyof Area>;

/** Transitions that share an arrow, before it has a way. */
export interface Bundle {
  readonly source: NodeId;
  readonly targets: readonly NodeId[];
  readonly edges: readonly EdgeId[];
  readonly eventless: boolean;
  readonly triggers: readonly Trigger[];
}

/** What is to be drawn of a chart: chips of what stays inside a state, and arrows. */
export interface Picture {
  readonly invokes: ReadonlyMap<NodeId, readonly Trigger[]>;
  readonly reactions: ReadonlyMap<NodeId, readonly Trigger[]>;
  readonly bundles: readonly Bundle[];
}

type Nodes = ReadonlyMap<NodeId, ChartNode>;

/** Sorts the transitions of a chart into reactions and arrows. Each is in exactly one of them. */
export function pictureOf(definition: ChartDefinition): Picture {
  const nodes: Nodes = new Map(definition.nodes.map(node => [node.id, node]));
  const reactions = new Map<NodeId, ChartEdge[]>();
  const bundles = new Map<string, ChartEdge[]>();
  for (const edge of definition.edges) {
    if (isDrawn(edge, nodes)) entry(bundles, [edge.source, ...edge.targets].join('\n'), () => []).push(edge);
    else entry(reactions, edge.source, () => []).push(edge);
  }
  return {
    invokes: new Map(definition.nodes.map(node => [node.id, invokesOf(node)])),
    reactions: new Map([...reactions].map(([id, edges]) => [id, triggersOf(edges, definition, nodes)])),
    bundles: [...bundles.values()].map(edges => bundleOf(edges, definition, nodes)),
  };
}

/** Whether `id` is `ancestor` or inside it. */
export function isWithin(id: NodeId, ancestor: NodeId, nodes: Nodes): boolean {
  for (let at: NodeId | null = id; at !== null; at = nodes.get(at)?.parent ?? null) if (at === ancestor) return true;
  return false;
}

/** A transition that stays, or leads to a state around, is told in the box: an arrow could only run in circles. */
const isDrawn = ({ source, targets }: ChartEdge, nodes: Nodes): boolean =>
  targets.length > 0 && !targets.some(target => !nodes.has(target) || isWithin(source, target, nodes));

const invokesOf = (node: ChartNode): Trigger[] =>
  node.invokes.map(({ id, src }) => ({
    glyphs: ['invoke'],
    text: /^xstate\.|^\d+\.|^inline/.test(src) ? id : src,
    guard: '',
    to: '',
    edges: [],
    delay: null,
  }));

function bundleOf(edges: readonly ChartEdge[], definition: ChartDefinition, nodes: Nodes): Bundle {
  const { source, targets } = edges[0] as ChartEdge;
  return {
    source,
    targets,
    edges: edges.map(({ id }) => id),
    eventless: edges.every(({ kind }) => kind === 'always'),
    triggers: triggersOf(edges, definition, nodes),
  };
}

/** One chip per trigger: the ways in which an actor ends share one, and so do the conditions of one trigger. */
function triggersOf(edges: readonly ChartEdge[], definition: ChartDefinition, nodes: Nodes): Trigger[] {
  const groups = new Map<string, ChartEdge[]>();
  for (const edge of edges)
    entry(groups, [edge.kind, nameOf(edge, definition, nodes), ...edge.targets].join('\n'), () => []).push(edge);
  const merged: Trigger[] = [];
  for (const chip of [...groups.values()].map(group => triggerOf(group, definition, nodes))) {
    const at = merged.findIndex(other => isOutcome(other) && isOutcome(chip) && differOnlyInGlyph(other, chip));
    const other = merged[at];
    if (other === undefined) merged.push(chip);
    else merged[at] = { ...other, glyphs: [...other.glyphs, ...chip.glyphs], edges: [...other.edges, ...chip.edges] };
  }
  return merged;
}

const isOutcome = ({ glyphs }: Trigger): boolean => glyphs[0] === 'done' || glyphs[0] === 'error';
const differOnlyInGlyph = (one: Trigger, other: Trigger): boolean =>
  one.text === other.text && one.guard === other.guard && one.to === other.to && one.glyphs[0] !== other.glyphs[0];

const GLYPHS: Readonly<Record<ChartEdge['kind'], readonly Glyph[]>> = {
  event: [],
  delay: ['clock'],
  always: ['always'],
  done: ['done'],
  error: ['error'],
};

function triggerOf(group: readonly ChartEdge[], definition: ChartDefinition, nodes: Nodes): Trigger {
  const first = group[0] as ChartEdge;
  const guards = new Set(group.map(edge => edge.guard ?? ''));
  const target = first.targets[0];
  const isAgain = target !== undefined && target === first.source;
  const isOut = target !== undefined && !isAgain && isWithin(first.source, target, nodes);
  return {
    glyphs: isAgain ? [...GLYPHS[first.kind], 'again'] : GLYPHS[first.kind],
    text: nameOf(first, definition, nodes),
    guard: guards.has('') ? '' : [...guards].join(' | '),
    to: isOut ? (nodes.get(target)?.key ?? '') : '',
    edges: group.map(({ id }) => id),
    delay: first.kind === 'delay' ? first.label : null,
  };
}

function nameOf(edge: ChartEdge, definition: ChartDefinition, nodes: Nodes): string {
  switch (edge.kind) {
    case 'event':
    case 'delay':
      return edge.label;
    case 'always': {
      const hasCondition = definition.edges.some(
        ({ kind, source, guard }) => kind === 'always' && source === edge.source && guard !== undefined,
      );
      return edge.guard === undefined && hasCondition ? 'else' : '';
    }
    case 'done':
    case 'error': {
      // The mark is enough for the only actor of a state, which is named in the box.
      const name = edge.label.replace(/^(?:done|error):\s*/, '');
      const invoked = nodes.get(edge.source)?.invokes ?? [];
      return invoked.length === 1 && (invoked[0]?.id === name || invoked[0]?.src === name) ? '' : name;
    }
  }
}
