import {
  type Acceptance,
  type ActorKey,
  type ActorRow,
  type ListQuery,
  type ListSort,
  LONGEST_PAGE,
} from '../../inspect/page-protocol.ts';
import type { Key, KeyName } from './key-decoder.ts';

/** Something that is said to the user, for a while. */
export interface Notice {
  readonly text: string;
  readonly tone: 'good' | 'bad';
}

/** The part of the list that is at hand, by keys. */
export interface ListFacts {
  readonly matched: number;
  readonly offset: number;
  readonly actors: readonly ActorKey[];
}

/** What the chart must know of what is watched. */
export interface Facts {
  readonly allowSend: boolean;
  readonly role: ActorRow['role'] | null;
  readonly accepts: readonly Acceptance[];
  /** States that can be filtered for, in the order in which they are gone through. */
  readonly states: readonly string[];
  /** Lines of the log, and of the story. */
  readonly logLines: number;
  readonly storyLines: number;
}

/** Lines that there are for each. */
export interface Room {
  readonly list: number;
  readonly log: number;
  readonly story: number;
}

/** A choice that an event needs, or a text. */
export interface Asked {
  readonly type: string;
  readonly field: string;
  readonly choices: readonly string[];
}

/** Where the user is, and what is looked at. */
export interface ViewContext {
  readonly room: Room;
  readonly list: ListFacts;
  readonly facts: Facts;
  /** Place of the row that the cursor is on, in the whole list. */
  readonly cursor: number;
  /** Place of the first row that is seen. */
  readonly top: number;
  /** Whom the details are about. A list in another order does not change it. */
  readonly chosen: ActorKey | null;
  readonly search: string;
  /** The search before it was changed. */
  readonly searchBefore: string;
  readonly state: string | null;
  readonly sort: ListSort;
  readonly descending: boolean;
  /** Lines between the newest of the log and the last that is seen. */
  readonly logUp: number;
  readonly storyTop: number;
  /** The event that the cursor of the menu is on. */
  readonly menu: string | null;
  readonly asked: Asked | null;
  readonly choice: number;
  /** What is written as payload. */
  readonly line: string;
  readonly notice: Notice | null;
}

type KeyEvent = { [Name in KeyName]: { readonly type: `key.${Name}`; readonly text: string } }[KeyName];

export type ViewEvent =
  | KeyEvent
  | { readonly type: 'ROOM'; readonly room: Room } // e.g. the window got another size
  | { readonly type: 'LISTED'; readonly list: ListFacts } // e.g. the answer to a question for the list
  | { readonly type: 'FACTS'; readonly facts: Facts } // e.g. the session accepts something else now
  | { readonly type: 'NOTICE'; readonly notice: Notice } // e.g. the event was sent
  | { readonly type: 'AFRESH' } // e.g. the process was started again
  | { readonly type: 'TOGGLE' }; // e.g. the space bar

/** What the user wants of the outside. */
export type ViewWish =
  | { readonly type: 'quit' }
  | { readonly type: 'suspend' }
  | { readonly type: 'redraw' }
  | { readonly type: 'retry' }
  | { readonly type: 'explain'; readonly actor: ActorKey }
  | {
      readonly type: 'send';
      readonly actor: ActorKey;
      readonly event: { readonly type: string; readonly [field: string]: unknown };
    };

export const keyEvent = ({ name, text }: Key): KeyEvent => ({ type: `key.${name}`, text }) as KeyEvent;

/** What the list is asked for; the part is around what is seen. */
export function queryOf(context: ViewContext): ListQuery {
  const { search, state, sort, descending, top, room } = context;
  const screen = Math.max(1, room.list);
  // Whole screens, so that a step of one line asks for nothing new.
  const offset = Math.max(0, Math.floor(top / screen) - 1) * screen;
  return {
    ...(search === '' ? {} : { search }),
    ...(state === null ? {} : { states: [state] }),
    sort,
    descending,
    offset,
    limit: Math.min(LONGEST_PAGE, screen * SCREENS),
  };
}

/** Screens in one part: the one that is seen, at most cut in two, and one on either side. */
const SCREENS = 4;
