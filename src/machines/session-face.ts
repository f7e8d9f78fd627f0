import { type AnyStateNode, pathToStateValue, type StateValueFrom } from 'xstate';
import { candidatesIn, type Disposition, dispositionOf, meaningOf } from './disposition.ts';
import { type PublicState, publicStateOf } from './public-state.ts';
import { type SessionMachine, sessionMachine } from './session.ts';
import type { SessionRefusal } from './session-types.ts';

/** What the chart of sessions makes of a call; `refused` with the code that it is answered with. */
export type SessionDisposition =
  | Exclude<Disposition, { readonly kind: 'refused' }>
  | { readonly kind: 'refused'; readonly codes: readonly [SessionRefusal] };

/** {@link dispositionOf} for sessions, whose chart says something of every event in every state. */
export const sessionDisposition = dispositionOf as (...args: Parameters<typeof dispositionOf>) => SessionDisposition;

/** The public states in which sessions take an event, in the order of the chart. */
export function statesTaking(type: string): PublicState[] {
  const leaves = leavesOf(sessionMachine.root as AnyStateNode);
  const taking = leaves.filter(leaf => candidatesIn(leaf, type).some(row => meaningOf(row).kind === 'taken'));
  return [
    ...new Set(taking.map(({ path }) => publicStateOf(pathToStateValue([...path]) as StateValueFrom<SessionMachine>))),
  ];
}

const leavesOf = (node: AnyStateNode): AnyStateNode[] =>
  node.type === 'compound' ? Object.values(node.states).flatMap(leavesOf) : [node];
