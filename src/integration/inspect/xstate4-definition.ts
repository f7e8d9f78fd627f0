import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from 'xstate';
import { guardName, sourceName, visible } from './chart-definition.ts';

type Plain = Record<string, unknown>;
type Redact = (data: unknown) => unknown;

/**
 * A chart as XState 4 defines it, to be drawn, not to be run: guards and actions are names.
 *
 * It is read from the nodes of the machine, where the transitions are in one form already. It has no context: each
 * state carries the real one.
 */
export function xstate4Definition(machine: AnyStateMachine, redact: Redact): Plain {
  // Without the flag XState 4 warns whoever builds the machine.
  return { predictableActionArguments: true, ...nodeDefinition(machine.root, redact) };
}

function nodeDefinition(node: AnyStateNode, redact: Redact): Plain {
  // Maps, since an event may be called `constructor`.
  const on = new Map<string, Plain[]>();
  const after = new Map<string, Plain[]>();
  for (const [type, transitions] of node.transitions as Map<string, AnyTransitionDefinition[]>) {
    for (const transition of transitions) {
      const { delay } = transition as { readonly delay?: number | string };
      if (delay === undefined) push(on, type, edge(transition));
      else push(after, String(delay), edge(transition));
    }
  }
  const states = Object.entries(node.states as Record<string, AnyStateNode>);
  return {
    id: node.id,
    key: node.key,
    ...(node.type === 'compound' ? { initial: node.initial.target?.[0]?.key } : { type: node.type }),
    ...(node.type === 'history' ? history(node) : {}),
    on: Object.fromEntries(on),
    after: Object.fromEntries(after),
    ...(node.always === undefined ? {} : { always: node.always.map(edge) }),
    entry: named(node.entry),
    exit: named(node.exit),
    invoke: node.invoke.map(({ id, src }) => ({ id, src: sourceName(src) })),
    tags: node.tags,
    meta: redact(node.meta),
    description: redact(node.description),
    ...(states.length === 0
      ? {}
      : { states: Object.fromEntries(states.map(([key, state]) => [key, nodeDefinition(state, redact)])) }),
  };
}

function push(edges: Map<string, Plain[]>, key: string, edge: Plain): void {
  const list = edges.get(key);
  if (list === undefined) edges.set(key, [edge]);
  else list.push(edge);
}

function edge({ target, reenter, guard, actions }: AnyTransitionDefinition): Plain {
  return {
    ...(target === undefined ? {} : { target: target.map(node => `#${node.id}`), internal: !reenter }),
    ...(guard === undefined ? {} : { cond: guardName(guard) }),
    actions: named(actions),
  };
}

function history(node: AnyStateNode): Plain {
  const { target } = node.config as { readonly target?: unknown };
  return { history: node.history === 'deep' ? 'deep' : 'shallow', ...(typeof target === 'string' ? { target } : {}) };
}

/** Without what XState does by itself: viewers for XState 4 take that for their own, and break on `xstate.raise`. */
const named = (actions: readonly unknown[]): Plain[] => visible(actions).map(type => ({ type }));
