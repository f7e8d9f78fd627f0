/**
 * What the inspector and its viewers say to each other: one JSON object per WebSocket text frame, subprotocol
 * {@link SUBPROTOCOL}. Types only, so that a browser can read them without the server.
 *
 * Times are milliseconds since the Unix epoch. Everything from a session was redacted and bounded before it got here.
 */

/** Named in the handshake; a change that old viewers would misread gets a new number. */
export const SUBPROTOCOL = 'sessionchart.inspect.1';

/** The token travels as a second subprotocol, with this before it: it is in no URL and in no access log. */
export const TOKEN_PREFIX = 'token.';

/** Names an actor within one inspector for as long as it lives; a session that crashed and was started again keeps it. */
export type ActorKey = string;

/** Names a chart: its id and a hash of its definition. */
export type ChartKey = string;

/** Id of a state node, as XState gives it: `session.serving.active`. */
export type NodeId = string;

/** Id of an edge of a chart: source node, what triggers it, place among the edges of both. */
export type EdgeId = string;

// ------------------------------------------------------------------------------------------------ charts

export interface ChartNode {
  readonly id: NodeId;
  /** Last part of the id. */
  readonly key: string;
  readonly parent: NodeId | null;
  readonly type: 'atomic' | 'compound' | 'parallel' | 'final' | 'history';
  readonly initial: NodeId | null;
  readonly tags: readonly string[];
  readonly description?: string;
  readonly entry: readonly string[];
  readonly exit: readonly string[];
  readonly invokes: readonly { readonly id: string; readonly src: string }[];
}

export interface ChartEdge {
  readonly id: EdgeId;
  readonly source: NodeId;
  /** Empty for one that stays where it is. */
  readonly targets: readonly NodeId[];
  readonly kind: 'event' | 'delay' | 'always' | 'done' | 'error';
  /** Type of the event; `null` for `always`. */
  readonly event: string | null;
  /** What to write on the edge: the event, the name of the delay, or of the actor that is done. */
  readonly label: string;
  readonly guard?: string;
  readonly actions: readonly string[];
  readonly reenter: boolean;
}

/** A sentence for each named part of a chart, where there is one. */
export interface ChartWords {
  readonly guards: Readonly<Record<string, string>>;
  readonly delays: Readonly<Record<string, string>>;
  readonly actions: Readonly<Record<string, string>>;
}

/** A chart, as it is drawn. Sent once per viewer and chart. */
export interface ChartDefinition {
  readonly key: ChartKey;
  readonly id: string;
  readonly root: NodeId;
  /** Parents before their children. */
  readonly nodes: readonly ChartNode[];
  readonly edges: readonly ChartEdge[];
  /** Events that can be sent from outside. */
  readonly events: readonly string[];
  readonly words: ChartWords;
}

// ------------------------------------------------------------------------------------------------ actors

/** One line of the list. */
export interface ActorRow {
  readonly actor: ActorKey;
  /** The id of the session, or of the actor. */
  readonly id: string;
  /** Index of what it belongs to in {@link Welcome.sources}. */
  readonly source: number;
  readonly role: 'coordinator' | 'session' | 'actor';
  readonly chart: ChartKey | null;
  /** Public state of a session (`active`, `renewing` …), top-level state of any other actor. */
  readonly state: string;
  /** Active leaf states, without the id of the chart: `serving.renewing.acquiring`. */
  readonly path: string;
  readonly status: 'active' | 'done' | 'error' | 'stopped';
  /** Since when it has been in `state`; `null` where nobody looked. */
  readonly since: number | null;
  readonly startedAt: number | null;
  readonly activeAt: number | null;
  /** The timer that fires next. */
  readonly next: { readonly name: string; readonly at: number } | null;
  readonly renewals: number | null;
  /** Code of the latest error, cleared by the next success. */
  readonly error: string | null;
  /** Why it ended. */
  readonly reason: string | null;
}

/** A delayed event that is armed. */
export interface ActorTimer {
  readonly id: string;
  /** Name of the delay: `inactivity`. */
  readonly name: string;
  /** The node whose edge it is, or `null`. */
  readonly node: NodeId | null;
  readonly at: number;
}

/** What the actor would make of an event now. */
export interface Acceptance {
  readonly type: string;
  readonly kind: 'taken' | 'ignored' | 'postponed' | 'refused';
  /** Reason or code. */
  readonly because?: string;
}

/** Who speaks or is spoken to. */
export interface Party {
  readonly role: 'application' | 'timer' | 'coordinator' | 'session' | 'service' | 'actor';
  readonly label: string;
}

/** What a transition changed in the context: new values, and names that are gone. */
export interface ContextChange {
  readonly set: Readonly<Record<string, unknown>>;
  readonly removed: readonly string[];
}

/**
 * One entry of the log of an actor. `seq` grows by one with each record and never repeats; it begins anywhere, and where
 * nobody watched for a while numbers are left out.
 */
export type LogRecord = { readonly seq: number; readonly at: number } & (
  | {
      /** Somebody said something to the actor, or the actor to somebody. */
      readonly kind: 'message';
      readonly from: Party;
      readonly to: Party;
      readonly event: string;
      readonly payload?: unknown;
    }
  | {
      /** The actor took an event. Without edges and changes it changed nothing. */
      readonly kind: 'transition';
      readonly event: string;
      /** In words: `renewal due`. */
      readonly cause: string;
      readonly edges: readonly EdgeId[];
      readonly from: string;
      readonly to: string;
      /** Active nodes afterwards, leaves and their parents. */
      readonly active: readonly NodeId[];
      readonly changes: ContextChange;
      /** Timers that are armed afterwards. */
      readonly timers: readonly ActorTimer[];
    }
  | {
      /** An actor that it invoked or spawned began or ended. */
      readonly kind: 'child';
      readonly child: Party;
      readonly phase: 'started' | 'done' | 'error' | 'stopped';
    }
  | { readonly kind: 'status'; readonly status: ActorRow['status'] }
);

/** All of an actor that is watched. */
export interface ActorView {
  readonly row: ActorRow;
  readonly active: readonly NodeId[];
  readonly tags: readonly string[];
  readonly context: Readonly<Record<string, unknown>>;
  readonly timers: readonly ActorTimer[];
  readonly accepts: readonly Acceptance[];
  /** The context before the first record of `log`: with the changes in the records it gives that of any moment. */
  readonly base: Readonly<Record<string, unknown>>;
  /** Begins with a `status` where the watch began, if that is still kept; empty only behind an `after`. */
  readonly log: readonly LogRecord[];
  /** Records before the first of `log` that are no longer kept. */
  readonly dropped: number;
}

/**
 * What became different about an actor that is watched. What is not mentioned is as it was. One that follows a `watched`
 * answer may begin before it: records that the viewer has, by their `seq`, are to be left out.
 */
export interface ActorDelta {
  readonly actor: ActorKey;
  readonly row?: ActorRow;
  readonly active?: readonly NodeId[];
  readonly tags?: readonly string[];
  readonly context?: ContextChange;
  readonly timers?: readonly ActorTimer[];
  readonly accepts?: readonly Acceptance[];
  readonly log?: readonly LogRecord[];
  /** Records that came since the last delta and are not in `log`: there were too many. */
  readonly dropped?: number;
  /** With `dropped`: the context before the first record of `log`. */
  readonly base?: Readonly<Record<string, unknown>>;
}

// ------------------------------------------------------------------------------------------------ what the inspector says

/** Something that is inspected: a manager, or an actor with all below it. */
export interface Source {
  readonly name: string;
  readonly kind: 'manager' | 'actor';
  /** The root: the coordinator of a manager. */
  readonly root: ActorKey;
}

/** Counts of one source. */
export interface Overview {
  readonly source: number;
  /** Rows by state. */
  readonly counts: Readonly<Record<string, number>>;
  readonly total: number;
  /** Slots taken and slots there are, and starts that wait; of a manager. */
  readonly slots: { readonly taken: number; readonly limit: number; readonly waiting: number } | null;
  /** Events that the actors of the source took since it is watched. */
  readonly events: number;
}

/** Answers `hello`; comes again, with the same `instance`, when what is inspected came or went. */
export interface Welcome {
  readonly type: 'welcome';
  /** Differs for each inspector: a viewer that sees another one than before forgets what it knew. */
  readonly instance: string;
  /** Name of the process, for the title. */
  readonly title: string;
  readonly version: string;
  readonly allowSend: boolean;
  readonly now: number;
  readonly sources: readonly Source[];
  readonly overview: readonly Overview[];
}

export interface Definition {
  readonly type: 'definition';
  readonly definition: ChartDefinition;
}

/** At most 20 a second per viewer. */
export interface Delta {
  readonly type: 'delta';
  readonly now: number;
  readonly overview?: readonly Overview[];
  /** Rows of the window of the list that changed. */
  readonly rows?: readonly ActorRow[];
  /** Sessions came or went, or a state changed: a list asked for now may differ. */
  readonly stale?: boolean;
  readonly actors?: readonly ActorDelta[];
  /** Watched actors anew: deltas were left out while the viewer did not read. Each log begins behind the latest record that was sent. */
  readonly views?: readonly ActorView[];
  /** Watched actors that are gone for good. */
  readonly gone?: readonly ActorKey[];
}

export interface ListAnswer {
  readonly type: 'list';
  readonly id: number;
  readonly now: number;
  /** Rows of all sources. */
  readonly total: number;
  /** Rows that the query matches. */
  readonly matched: number;
  readonly offset: number;
  readonly rows: readonly ActorRow[];
}

export interface WatchAnswer {
  readonly type: 'watched';
  readonly id: number;
  readonly now: number;
  readonly view: ActorView;
}

/** The actor is watched no more. */
export interface UnwatchAnswer {
  readonly type: 'unwatched';
  readonly id: number;
}

export interface ExplainAnswer {
  readonly type: 'explanation';
  readonly id: number;
  /** `null` if nothing is known of it. */
  readonly explanation: Explanation | null;
}

/** The story of a session, also of one that ended. */
export interface Explanation {
  readonly sessionId: string;
  readonly state: string;
  readonly transitions: readonly {
    readonly at: number;
    readonly from: string;
    readonly to: string;
    readonly cause: string;
    readonly error?: string;
  }[];
  readonly omitted: number;
  readonly reason?: string;
  readonly unfinished: readonly string[];
}

/** The event was taken by the one that it was for; what it brought about comes as a delta. */
export interface SendAnswer {
  readonly type: 'sent';
  readonly id: number;
}

/** A message was refused; nothing happened. */
export interface Refused {
  readonly type: 'error';
  /** Of the message that it answers, if it could be read. */
  readonly id: number | null;
  readonly code: string;
  readonly message: string;
  readonly remediation: string;
  readonly field?: string;
  readonly allowed?: string;
}

export type ServerMessage =
  | Welcome
  | Definition
  | Delta
  | ListAnswer
  | WatchAnswer
  | UnwatchAnswer
  | ExplainAnswer
  | SendAnswer
  | Refused;

// ------------------------------------------------------------------------------------------------ what a viewer says

export const LIST_SORTS = ['id', 'state', 'started', 'activity', 'next', 'renewals'] as const;
export type ListSort = (typeof LIST_SORTS)[number];

/** Longest page of the list. */
export const LONGEST_PAGE = 500;

export interface ListQuery {
  /** States to show; all without it. */
  readonly states?: readonly string[];
  /** Part of the id, without case. */
  readonly search?: string;
  /** [sort=started] */
  readonly sort?: ListSort;
  /** [descending=false] */
  readonly descending?: boolean;
  readonly offset: number;
  /** 1 to {@link LONGEST_PAGE}. */
  readonly limit: number;
}

/** The first message of a viewer is `hello`. Each other one has an id of its own choice, and gets exactly one answer. */
export type ClientMessage =
  | { readonly type: 'hello' }
  | { readonly type: 'list'; readonly id: number; readonly query: ListQuery }
  /** Follow an actor. `after`: the latest record that the viewer has of it; the log begins behind it. */
  | { readonly type: 'watch'; readonly id: number; readonly actor: ActorKey; readonly after?: number }
  | { readonly type: 'unwatch'; readonly id: number; readonly actor: ActorKey }
  | { readonly type: 'explain'; readonly id: number; readonly actor: ActorKey }
  | {
      readonly type: 'send';
      readonly id: number;
      readonly actor: ActorKey;
      readonly event: { readonly type: string; readonly [field: string]: unknown };
    };

/** Codes with which the inspector closes a connection, and what a viewer should make of them. */
export const CLOSE_CODES = {
  /** No valid `hello` in time. */
  helloTimeout: 4408,
  /** The viewer does not read what it is sent. */
  tooSlow: 4413,
  /** Too many messages, or too many that cannot be read. */
  abuse: 1008,
  /** The inspector was closed: the process may come back. */
  goingAway: 1001,
  /** Too many viewers. */
  full: 1013,
} as const;
