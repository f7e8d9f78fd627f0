import { render } from 'state-machine-cat';
import type { AnyStateMachine, AnyStateNode } from 'xstate';
import { eventName, guardName } from './part-names.ts';

type Transition = AnyStateNode['always'] extends readonly (infer T)[] | undefined ? T : never;

/** Events that a reader need not see in a picture: they change no state and belong to every live one. */
const QUIET = new Set(['ACTIVITY', 'CONFIGURE', 'TRANSPORT']);

const quote = (text: string): string => `"${text.replaceAll('"', "'")}"`;

function labelOf(event: string, guard: unknown): string {
  return guard === undefined ? eventName(event) : `${eventName(event)} [${guardName(guard)}]`.trim();
}

function arrows(node: AnyStateNode, all: Map<string, string[]>): void {
  const add = (event: string, transition: Transition): void => {
    const targets = transition.target ?? [];
    if (QUIET.has(event) || targets.length === 0) return;
    // What the whole chart takes is drawn from each state on top.
    const sources = node.parent === undefined ? Object.values(node.states) : [node];
    for (const source of sources.filter(({ type }) => type !== 'final')) {
      for (const target of targets) {
        const key = `${quote(source.id)} => ${quote(target.id)}`;
        const labels = all.get(key) ?? [];
        labels.push(labelOf(event, transition.guard));
        all.set(key, labels);
      }
    }
  };
  for (const [event, transitions] of node.transitions) for (const transition of transitions) add(event, transition);
  for (const transition of node.always ?? []) add('', transition);
  for (const child of Object.values(node.states)) arrows(child, all);
}

function box(node: AnyStateNode, depth: number): string {
  const pad = '  '.repeat(depth);
  const children = Object.values(node.states);
  // Told, not guessed from the name; and a final state keeps its name.
  const label = `[label=${quote(node.type === 'final' ? `${node.key} (final)` : node.key)} type=regular]`;
  if (children.length === 0) return `${pad}${quote(node.id)} ${label}`;
  return `${pad}${quote(node.id)} ${label} {\n${inside(node, depth + 1)}\n${pad}}`;
}

function inside(node: AnyStateNode, depth: number): string {
  const pad = '  '.repeat(depth);
  const children = Object.values(node.states);
  const first = node.initial?.target[0];
  const start = `${pad}${quote(`${node.id}.initial`)} [type=initial]`;
  const boxes = [start, ...children.map(child => box(child, depth))].join(',\n');
  return `${boxes};\n${first === undefined ? '' : `${pad}${quote(`${node.id}.initial`)} => ${quote(first.id)};`}`;
}

/** The chart of a machine as an SVG, drawn from the machine object. */
export async function chartPicture(machine: AnyStateMachine): Promise<string> {
  const all = new Map<string, string[]>();
  arrows(machine.root, all);
  const lines = [...all].map(([arrow, labels]) => {
    const text = [...new Set(labels)].filter(label => label !== '').join('\n');
    return text === '' ? `${arrow};` : `${arrow} : ${quote(text)};`;
  });
  const source = `${inside(machine.root, 0)}\n${lines.join('\n')}\n`;
  const svg = await render(source, {
    inputType: 'smcat',
    outputType: 'svg',
    engine: 'dot',
    direction: 'top-down',
    dotGraphAttrs: [
      { name: 'bgcolor', value: 'white' },
      { name: 'nodesep', value: '0.5' },
      { name: 'ranksep', value: '0.55' },
    ],
  });
  return `${svg}\n`;
}
