import type { AnyActorRef, AnyMachineSnapshot, AnyStateMachine, AnyStateNode } from 'xstate';
import { timerParts } from './chart-definition.ts';
import { isOver } from './inspected-actor.ts';
import type { TargetTimer } from './inspection-target.ts';
import type { ActorRow, ActorTimer, NodeId } from './page-protocol.ts';

type Snapshot = Partial<AnyMachineSnapshot> | undefined;

export function statusOf(actor: AnyActorRef): ActorRow['status'] {
  const status = actor.getSnapshot()?.status ?? 'active';
  return status === 'active' && isOver(actor) ? 'stopped' : status;
}

/** The actors that it invoked or spawned. */
export function childrenOf(actor: AnyActorRef): readonly AnyActorRef[] {
  const { children } = (actor.getSnapshot() ?? {}) as { readonly children?: unknown };
  // Of logic that is not XState's own it may be anything.
  if (typeof children !== 'object' || children === null) return [];
  return Object.values(children as Readonly<Record<string, AnyActorRef | undefined>>).filter(
    child => typeof child?.getSnapshot === 'function',
  ) as AnyActorRef[];
}

/** Ids of the active nodes, parents before their children. */
export function activeOf(snapshot: unknown): NodeId[] {
  return inOrder((snapshot as Snapshot)?._nodes ?? []).map(({ id }) => id);
}

/** The active leaves without the id of the chart. Of an actor without a chart, its status. */
export function pathOf(snapshot: unknown): string {
  const { _nodes: nodes, status = 'active' } = (snapshot ?? {}) as NonNullable<Snapshot>;
  if (nodes === undefined) return status;
  const leaves = nodes.filter(({ type }) => type === 'atomic' || type === 'final');
  return inOrder(leaves)
    .map(({ path }) => path.join('.'))
    .join(', ');
}

/** In the order of the chart, however they were entered. */
const inOrder = (nodes: readonly AnyStateNode[]): readonly AnyStateNode[] =>
  nodes.length < 2 ? nodes : [...nodes].sort((a, b) => a.order - b.order);

/** The top-level state; of an actor without a chart, its status. */
export function topStateOf(snapshot: unknown): string {
  const { value, status = 'active' } = (snapshot ?? {}) as { readonly value?: unknown; readonly status?: string };
  if (typeof value === 'string') return value;
  return typeof value === 'object' && value !== null ? Object.keys(value).join(', ') : status;
}

export function tagsOf(snapshot: unknown): string[] {
  return [...((snapshot as Snapshot)?.tags ?? [])];
}

/** Name and node of a timer. */
export function timerNames(
  machine: AnyStateMachine | undefined,
  { id, event = id }: TargetTimer,
): Pick<ActorTimer, 'name' | 'node'> {
  return (machine && timerParts(machine, event)) ?? { name: event, node: null };
}

export function soonestOf(timers: readonly TargetTimer[]): TargetTimer | undefined {
  let soonest: TargetTimer | undefined;
  for (const timer of timers) if (soonest === undefined || timer.dueAt < soonest.dueAt) soonest = timer;
  return soonest;
}
