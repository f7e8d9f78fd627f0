import type { ActorRow, Explanation, Overview } from '../../inspect/page-protocol.ts';
import type { Absence } from '../../inspect/viewer/life.ts';
import type { ListPart } from '../../inspect/viewer/mirror.ts';
import type { Watched } from '../../inspect/viewer/watched.ts';
import type { ViewContext } from './view-types.ts';

/** How the connection is. */
export interface LinkFacts {
  readonly state: 'asking' | 'greeting' | 'live' | 'away' | 'full' | 'refused' | 'dismissed';
  readonly absence: Absence;
  /** Until it is tried again, ms. */
  readonly retryInMs: number;
}

/** All that is shown of the process. */
export interface Picture {
  /** The moment that is shown, on the clock of the process. */
  readonly now: number;
  readonly link: LinkFacts;
  /** Host and port. */
  readonly place: string;
  readonly title: string;
  readonly overview: readonly Overview[];
  /** Events a second. */
  readonly rate: number;
  readonly list: ListPart;
  /** The chosen one: its line, and all of it where it lives. */
  readonly row: ActorRow | undefined;
  readonly watched: Watched | undefined;
  /** What was told of the chosen one: nothing yet, or that nothing is known. */
  readonly story: Explanation | null | undefined;
}

export type Place = 'list' | 'detail' | 'searching' | 'story' | 'help' | 'choosing' | 'valuing' | 'writing';

/** Where the user is in the picture. */
export interface View {
  readonly place: Place;
  readonly paused: boolean;
  readonly context: ViewContext;
}

/** Of a terminal, in characters. */
export interface Size {
  readonly columns: number;
  readonly lines: number;
}
