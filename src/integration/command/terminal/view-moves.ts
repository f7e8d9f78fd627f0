import { LIST_SORTS, type ListSort } from '../../inspect/page-protocol.ts';
import { fieldsOf } from '../../inspect/viewer/send-fields.ts';
import type { Asked, Facts, ListFacts, Room, ViewContext } from './view-types.ts';

/** The parts of the context that a move changes. */
type Change = Partial<ViewContext>;

const between = (value: number, low: number, high: number): number => Math.max(low, Math.min(high, value));

/** The cursor on a row of the list, which is brought into sight; the actor there is chosen, if it is known. */
export function moveTo(context: ViewContext, place: number): Change {
  const { list, room } = context;
  const cursor = between(place, 0, Math.max(0, list.matched - 1));
  const change = { cursor, top: topFor(cursor, context.top, room.list, list.matched) };
  const actor = list.actors[cursor - list.offset];
  if (actor === undefined) return { ...change, chosen: null, logUp: 0 };
  return actor === context.chosen ? change : { ...change, chosen: actor, logUp: 0 };
}

/** The cursor follows the chosen actor to its new place, if that is at hand; nothing chosen is chosen by the cursor. */
export function withList(context: ViewContext, list: ListFacts): Change {
  const fresh = { ...context, list };
  if (context.chosen === null) return { list, ...moveTo(fresh, context.cursor) };
  const index = list.actors.indexOf(context.chosen);
  const cursor = between(index < 0 ? context.cursor : list.offset + index, 0, Math.max(0, list.matched - 1));
  const seen = context.cursor - context.top;
  // It stays at the same height of the screen, as far as the list goes.
  const top = topFor(cursor, Math.max(0, cursor - seen), context.room.list, list.matched);
  return { list, cursor, top };
}

export function withRoom(context: ViewContext, room: Room): Change {
  return { room, top: topFor(context.cursor, context.top, room.list, context.list.matched) };
}

/** Another question for the list: from its beginning, and nothing is chosen until it is answered. */
export const askedAnew = (change: Change): Change => ({ ...change, cursor: 0, top: 0, chosen: null, logUp: 0 });

/** The state before or after the one that is filtered for; none is between the last and the first. */
export function nextState(context: ViewContext, step: 1 | -1): string | null {
  const all = [null, ...context.facts.states];
  const at = all.indexOf(context.state);
  return all[(Math.max(0, at) + step + all.length) % all.length] ?? null;
}

export const nextSort = ({ sort }: ViewContext): ListSort =>
  LIST_SORTS[(LIST_SORTS.indexOf(sort) + 1) % LIST_SORTS.length] ?? 'started';

export const scrolledLog = ({ logUp, facts, room }: ViewContext, by: number): Change => ({
  logUp: between(logUp + by, 0, Math.max(0, facts.logLines - room.log)),
});

export const scrolledStory = ({ storyTop, facts, room }: ViewContext, by: number): Change => ({
  storyTop: between(storyTop + by, 0, Math.max(0, facts.storyLines - room.story)),
});

/** The event of the menu that the cursor is on: it stays on it, wherever that goes. */
export function menuAt({ menu, facts }: ViewContext): number {
  return Math.max(
    0,
    facts.accepts.findIndex(({ type }) => type === menu),
  );
}

export function movedMenu(context: ViewContext, by: number): Change {
  const { accepts } = context.facts;
  const place = between(menuAt(context) + by, 0, Math.max(0, accepts.length - 1));
  return { menu: accepts[place]?.type ?? null };
}

/** What must be asked before the event of the menu can be sent: nothing, one of some values, or a text. */
export function missing(facts: Facts, type: string): Asked | 'nothing' | 'text' {
  const fields = fieldsOf(facts.role ?? 'actor', type);
  if (fields === null) return 'text';
  const [field, ...others] = fields;
  if (field === undefined) return 'nothing';
  return field.kind === 'choice' && others.length === 0 ? { type, field: field.name, choices: field.choices } : 'text';
}

function topFor(cursor: number, top: number, screen: number, matched: number): number {
  const last = Math.max(0, matched - screen);
  if (cursor < top) return Math.min(cursor, last);
  return between(cursor >= top + screen ? cursor - screen + 1 : top, 0, last);
}
