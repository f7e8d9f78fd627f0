import { type AnyStateMachine, type AnyStateNode, not } from 'xstate';

/** One small change of a chart: its name says where and what, `alter` makes it on a copy. */
export interface Mutant {
  readonly name: string;
  readonly alter: (copy: AnyStateMachine) => void;
}

interface Transition {
  target: readonly AnyStateNode[] | undefined;
  guard?: unknown;
  actions: readonly unknown[];
}

/** Where a list of transitions of a chart hangs. */
interface Place {
  readonly node: string;
  /** The event, or `always`. */
  readonly event: string;
}

const nodesOf = (node: AnyStateNode): AnyStateNode[] => [node, ...Object.values(node.states).flatMap(nodesOf)];

function nodeIn(machine: AnyStateMachine, id: string): AnyStateNode {
  const node = nodesOf(machine.root).find(candidate => candidate.id === id);
  if (node === undefined) throw new Error(`the chart has no state "${id}"`);
  return node;
}

function transitionsAt(machine: AnyStateMachine, { node: id, event }: Place): Transition[] {
  const node = nodeIn(machine, id);
  return (event === 'always' ? (node.always ?? []) : (node.transitions.get(event) ?? [])) as unknown as Transition[];
}

function placesOf(machine: AnyStateMachine): Place[] {
  return nodesOf(machine.root).flatMap(node => [
    ...[...node.transitions.keys()].map(event => ({ node: node.id, event })),
    ...((node.always ?? []).length > 0 ? [{ node: node.id, event: 'always' }] : []),
  ]);
}

/** The name of a guard, an action or a delay, as far as it has one. */
function nameOf(part: unknown): string {
  if (typeof part === 'string') return part;
  const { type, name } = (part ?? {}) as { type?: string; name?: string };
  return type ?? name ?? '?';
}

/** The state after this one among its siblings: the one that a slip of the pen would most likely name. */
function neighbour(node: AnyStateNode): AnyStateNode | undefined {
  const siblings = Object.values(node.parent?.states ?? {});
  const next = siblings[(siblings.indexOf(node) + 1) % siblings.length];
  return next === node ? undefined : next;
}

const without = <T>(list: readonly T[], index: number): T[] => list.filter((_, i) => i !== index);

/** Every mutant of a chart: a transition dropped or sent elsewhere, a guard dropped or turned round, an action left out, two delays swapped. */
export function mutantsOf(machine: AnyStateMachine): Mutant[] {
  const mutants: Mutant[] = [];
  for (const place of placesOf(machine)) {
    for (const [index, transition] of transitionsAt(machine, place).entries()) {
      mutants.push(...ofTransition(place, index, transition));
    }
  }
  for (const node of nodesOf(machine.root)) {
    for (const part of ['entry', 'exit'] as const) {
      for (const [index, action] of node[part].entries()) {
        mutants.push({
          name: `${node.id} ${part}: leave out ${nameOf(action)} #${index + 1}`,
          alter: copy => {
            const own = nodeIn(copy, node.id);
            own[part] = without(own[part], index);
          },
        });
      }
    }
  }
  const delays = Object.keys(machine.implementations.delays);
  for (const [i, first] of delays.entries()) {
    for (const second of delays.slice(i + 1)) {
      mutants.push({ name: `swap the delays ${first} and ${second}`, alter: copy => swap(copy, first, second) });
    }
  }
  return mutants;
}

function swap(copy: AnyStateMachine, first: string, second: string): void {
  const delays = copy.implementations.delays as Record<string, unknown>;
  copy.implementations = {
    ...copy.implementations,
    delays: { ...delays, [first]: delays[second], [second]: delays[first] },
  } as never;
}

function ofTransition(place: Place, index: number, { target, guard, actions }: Transition): Mutant[] {
  const where = `${place.node} — ${place.event.replace(/^(xstate\.after\.[^.]+).*/, '$1')} #${index + 1}`;
  const on = (copy: AnyStateMachine): Transition => transitionsAt(copy, place)[index] as Transition;
  const mutants: Mutant[] = [
    {
      name: `${where}: drop`,
      alter: copy => {
        const list = transitionsAt(copy, place);
        list.splice(index, 1);
      },
    },
  ];
  const [aim] = target ?? [];
  const other = aim === undefined ? undefined : neighbour(aim);
  if (aim !== undefined && other !== undefined) {
    mutants.push({
      name: `${where}: go to ${other.id} instead of ${aim.id}`,
      alter: copy => {
        on(copy).target = [nodeIn(copy, other.id)];
      },
    });
  }
  if (aim !== undefined) {
    mutants.push({
      name: `${where}: stay instead of going to ${aim.id}`,
      alter: copy => {
        on(copy).target = undefined;
      },
    });
  }
  if (guard !== undefined) {
    mutants.push(
      {
        name: `${where}: drop the guard ${nameOf(guard)}`,
        alter: copy => {
          on(copy).guard = undefined;
        },
      },
      {
        name: `${where}: negate the guard ${nameOf(guard)}`,
        alter: copy => {
          on(copy).guard = not(guard as never);
        },
      },
    );
  }
  for (const [i, action] of actions.entries()) {
    mutants.push({
      name: `${where}: leave out ${nameOf(action)} #${i + 1}`,
      alter: copy => {
        const own = on(copy);
        own.actions = without(own.actions, i);
      },
    });
  }
  return mutants;
}
