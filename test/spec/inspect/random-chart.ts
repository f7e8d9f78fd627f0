import fc from 'fast-check';
import type { ChartDefinition, ChartEdge, ChartNode } from '../../../src/integration/inspect/page-protocol.ts';

/** A chart of states without anything but one transition, from the first to the others that are given. */
export function plainChart(paths: readonly string[], [source, ...targets]: readonly string[]): ChartDefinition {
  const ids = ['chart', ...paths.map(path => `chart.${path}`)];
  const nodes = ids.map((id): ChartNode => {
    const children = ids.filter(other => other.slice(0, other.lastIndexOf('.')) === id);
    return {
      id,
      key: id.split('.').at(-1) ?? id,
      parent: id === 'chart' ? null : id.slice(0, id.lastIndexOf('.')),
      type: children.length === 0 ? 'atomic' : 'compound',
      initial: children[0] ?? null,
      tags: [],
      entry: [],
      exit: [],
      invokes: [],
    };
  });
  const edge: ChartEdge = {
    id: 'edge',
    source: `chart.${source}`,
    targets: targets.map(path => `chart.${path}`),
    kind: 'event',
    event: 'go',
    label: 'go',
    guard: 'go',
    actions: [],
    reenter: false,
  };
  const words = { guards: {}, delays: {}, actions: {} };
  return { key: 'plain', id: 'chart', root: 'chart', nodes, edges: [edge], events: ['go'], words };
}

const word = fc.constantFrom(
  'go',
  'STOP',
  'isReady',
  'aLongNameOfSomething',
  'renewalDeadline',
  'x',
  'a.b.*',
  'naïve 日本',
);

const shape = fc.record({
  parents: fc.array(fc.nat(), { maxLength: 11 }),
  kinds: fc.array(fc.constantFrom('plain', 'parallel', 'final', 'history'), { minLength: 12, maxLength: 12 }),
  names: fc.array(word, { minLength: 12, maxLength: 12 }),
  edges: fc.array(
    fc.record({
      source: fc.nat(),
      targets: fc.array(fc.nat(), { maxLength: 2 }),
      kind: fc.constantFrom('event', 'delay', 'always', 'done', 'error'),
      label: word,
      guard: fc.option(word, { nil: undefined }),
    }),
    { maxLength: 20 },
  ),
  invokes: fc.array(fc.nat(), { maxLength: 4 }),
});

/** Charts of up to twelve states, nested as it comes, with any transitions: to oneself, inwards, outwards, to several. */
export const randomChart: fc.Arbitrary<ChartDefinition> = shape.map(({ parents, kinds, names, edges, invokes }) => {
  const ids = ['chart'];
  const parentOf: (number | null)[] = [null];
  for (const [at, wanted] of parents.entries()) {
    const parent = wanted % ids.length;
    parentOf.push(parent);
    ids.push(`${ids[parent]}.${names[at]}${at}`);
  }
  const nodes = ids.map((id, at): ChartNode => {
    const children = ids.filter((_, child) => parentOf[child] === at);
    const kind = kinds[at] ?? 'plain';
    const leafType = kind === 'final' || kind === 'history' ? kind : 'atomic';
    const type = children.length === 0 ? leafType : kind === 'parallel' ? 'parallel' : 'compound';
    const parent = parentOf[at];
    return {
      id,
      key: id.split('.').at(-1) ?? id,
      parent: parent === null || parent === undefined ? null : (ids[parent] ?? null),
      type,
      initial: type === 'compound' ? (children[0] ?? null) : null,
      tags: [],
      entry: [],
      exit: [],
      invokes: invokes.some(index => index % ids.length === at) ? [{ id: 'work', src: 'work' }] : [],
    };
  });
  const id = (index: number): string => ids[index % ids.length] as string;
  const list = edges.map(
    ({ source, targets, kind, label, guard }, at): ChartEdge => ({
      id: `edge ${at}`,
      source: id(source),
      targets: [...new Set(targets.map(id))],
      kind,
      event: kind === 'always' ? null : label,
      label: kind === 'always' ? '' : kind === 'done' || kind === 'error' ? `${kind}: ${label}` : label,
      ...(guard === undefined ? {} : { guard }),
      actions: [],
      reenter: false,
    }),
  );
  return {
    key: 'random',
    id: 'chart',
    root: 'chart',
    nodes,
    edges: list,
    events: [],
    words: { guards: {}, delays: {}, actions: {} },
  };
});
