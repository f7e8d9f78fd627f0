import type {
  ChartDefinition,
  ChartEdge,
  ChartNode,
  EdgeId,
  NodeId,
} from '../../../src/integration/inspect/page-protocol.ts';

/** A name and, where there is one, the sentence that says what it means. */
export interface Term {
  readonly name: string;
  readonly words?: string;
}

/** What a tip says: of one transition, or of one side of a state. */
export interface TipPart {
  readonly label: string;
  readonly terms: readonly Term[];
}

export interface Tip {
  readonly title: string;
  readonly about: string;
  readonly parts: readonly TipPart[];
}

type Words = Readonly<Record<string, string>>;

const wordsOf = (words: Words, name: string): string | undefined =>
  Object.hasOwn(words, name) ? words[name] : undefined;

const termsOf = (names: readonly string[], words: Words): Term[] =>
  names.map(name => {
    const sentence = wordsOf(words, name);
    return sentence === undefined ? { name } : { name, words: sentence };
  });

const part = (label: string, terms: readonly Term[]): TipPart[] => (terms.length === 0 ? [] : [{ label, terms }]);

const inOne = (names: readonly string[]): Term[] =>
  names.length === 0 ? [] : [{ name: [...new Set(names)].join(', ') }];

const pathOf = (definition: ChartDefinition, id: NodeId): string =>
  id === definition.root
    ? definition.id
    : id.startsWith(`${definition.root}.`)
      ? id.slice(definition.root.length + 1)
      : id;

/** What is to be said of a state: what it does, and what makes it react or leave. */
export function stateTip(definition: ChartDefinition, id: NodeId): Tip | undefined {
  const node = definition.nodes.find(each => each.id === id);
  if (node === undefined) return undefined;
  const own = definition.edges.filter(({ source }) => source === id);
  const leaves = own.filter(({ targets }) => targets.length > 0);
  const stays = own.filter(({ targets }) => targets.length === 0);
  return {
    title: pathOf(definition, id),
    about: node.description ?? kindOf(node),
    parts: [
      ...part('Tags', inOne(node.tags)),
      ...part('On entry', termsOf(node.entry, definition.words.actions)),
      ...part('On exit', termsOf(node.exit, definition.words.actions)),
      ...part(
        'Runs',
        node.invokes.map(({ id: name, src }) => ({
          name: src === name || src === 'inline' ? name : `${name} (${src})`,
        })),
      ),
      ...part(
        'Leaves upon',
        leaves.map(edge => ({ name: `${triggerOf(edge)} → ${targetsOf(definition, edge)}` })),
      ),
      ...part('Takes', inOne(stays.map(triggerOf))),
    ],
  };
}

/** What is to be said of transitions: upon what, on what condition, and what is done. */
export function edgesTip(definition: ChartDefinition, ids: readonly EdgeId[]): Tip | undefined {
  const edges = definition.edges.filter(({ id }) => ids.includes(id));
  const [first] = edges;
  if (first === undefined) return undefined;
  const { words } = definition;
  const title = edges.length === 1 ? triggerOf(first) : pathOf(definition, first.source);
  const parts = edges.flatMap(edge => [
    ...part(
      edges.length === 1 ? 'When' : triggerOf(edge),
      edges.length === 1 ? [] : [{ name: `to ${targetsOf(definition, edge)}` }],
    ),
    ...part('Delay', edge.kind === 'delay' ? termsOf([edge.label], words.delays) : []),
    ...part('If', edge.guard === undefined ? [] : conditionsOf(edge.guard, words.guards)),
    ...part('Does', termsOf(edge.actions, words.actions)),
  ]);
  const about = `${pathOf(definition, first.source)} → ${targetsOf(definition, first)}`;
  return { title, about, parts };
}

const kindOf = ({ type }: ChartNode): string =>
  ({
    atomic: '',
    compound: '',
    parallel: 'All regions inside run at once.',
    final: 'A final state.',
    history: 'Goes back to where it was.',
  })[type];

/** What one reads on it: `REFUSED [canRenew]`, `after backoff`, `acquire done`. */
function triggerOf({ kind, label, guard }: ChartEdge): string {
  const name = label.replace(/^(?:done|error):\s*/, '');
  const text = {
    event: label,
    delay: `after ${label}`,
    always: 'at once',
    done: name === 'done' ? 'done' : `${name} done`,
    error: `${name} failed`,
  }[kind];
  return guard === undefined ? text : `${text} [${guard}]`;
}

const targetsOf = (definition: ChartDefinition, { targets }: ChartEdge): string =>
  targets.length === 0 ? 'stays' : targets.map(target => pathOf(definition, target)).join(', ');

/** A condition that is made of others is explained by theirs. */
function conditionsOf(guard: string, words: Words): Term[] {
  if (wordsOf(words, guard) !== undefined) return termsOf([guard], words);
  return guard
    .split(/ (and|or) /)
    .filter(name => name !== 'and' && name !== 'or')
    .flatMap(name => termsOf([name.replace(/^not /, '')], words));
}
