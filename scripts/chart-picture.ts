import { render } from 'state-machine-cat';
import type { AnyStateMachine, AnyStateNode } from 'xstate';

type Transition = AnyStateNode['always'] extends readonly (infer T)[] | undefined ? T : never;

/** Events that a reader need not see in a picture: they change no state and belong to every live one. */
const QUIET = new Set(['ACTIVITY', 'CONFIGURE', 'TRANSPORT']);

const quote = (text: string): string => `"${text.replaceAll('"', "'")}"`;

const nameOf = (part: unknown): string =>
  typeof part === 'string' ? part : typeof part === 'function' ? part.name : ((part as { type?: string })?.type ?? '');

function labelOf(event: string, guard: unknown): string {
  const words = event
    .replace(/^xstate\.after\.([^.]+)\..*$/, 'after $1')
    .replace(/^xstate\.done\.actor\.(.+)$/, '$1 done')
    .replace(/^xstate\.error\.actor\.(.+)$/, '$1 failed');
  return guard === undefined ? words : `${words} [${nameOf(guard)}]`.trim();
}

function arrows(node: AnyStateNode, all: Map<string, string[]>): void {
  const add = (event: string, transition: Transition): void => {
    const targets = transition.target ?? [];
    if (QUIET.has(event) || targets.length === 0) return;
    for (const target of targets) {
      const key = `${quote(node.id)} => ${quote(target.id)}`;
      const labels = all.get(key) ?? [];
      labels.push(labelOf(event, transition.guard));
      all.set(key, labels);
    }
  };
  for (const [event, transitions] of node.transitions) for (const transition of transitions) add(event, transition);
  for (const transition of node.always ?? []) add('', transition);
  for (const child of Object.values(node.states)) arrows(child, all);
}

function box(node: AnyStateNode, depth: number): string {
  const pad = '  '.repeat(depth);
  const children = Object.values(node.states);
  const label = `[label=${quote(node.key)}${node.type === 'final' ? ' type=final' : ''}]`;
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
  const svg = await render(source, { inputType: 'smcat', outputType: 'svg', engine: 'dot', direction: 'top-down' });
  return `${svg}\n`;
}
