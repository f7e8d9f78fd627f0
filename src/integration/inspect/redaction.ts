import type { AnyMachineSnapshot } from 'xstate';
import type { ContextChange } from './page-protocol.ts';

/** A piece of data whose JSON is longer is told by its size only. */
const LONGEST_PIECE = 8_192;
/** What all values of one context together may come to. */
const LONGEST_CONTEXT = 65_536;
/** Values of one context that are shown. */
const MOST_VALUES = 100;

const NOTHING: Readonly<Record<string, unknown>> = {};
const UNREADABLE: Readonly<Record<string, unknown>> = { '…': '[unreadable]' };

interface Piece {
  readonly raw: unknown;
  readonly name: string;
  readonly value: unknown;
  readonly json: string;
}

/** What comes from an actor, as it may be shown: without secrets, bounded, plain. */
export class Redaction {
  readonly #redact: (data: unknown) => unknown;

  constructor(redact: (data: unknown) => unknown) {
    this.#redact = redact;
  }

  text(text: string): string {
    const clean = this.data(text);
    return typeof clean === 'string' ? clean : '[redacted]';
  }

  /** What an event carries besides its type; `undefined` if nothing. */
  payload(event: { readonly type: string }): unknown {
    const clean = this.data(withoutCharts(event));
    if (typeof clean !== 'object' || clean === null) return clean;
    const { type: _, ...rest } = clean as Record<string, unknown>;
    const { json, value } = bounded(rest);
    return json === '{}' ? undefined : value;
  }

  data(data: unknown): unknown {
    try {
      return this.#redact(data);
    } catch {
      return '[unreadable]';
    }
  }

  /** One entry of a record, whose name tells of it too. */
  entry(name: string, raw: unknown): Piece | undefined {
    const clean = this.data({ [name]: raw });
    if (typeof clean !== 'object' || clean === null) return undefined;
    const [entry] = Object.entries(clean);
    if (entry === undefined) return undefined;
    const { json, value } = bounded(entry[1]);
    return json === undefined ? undefined : { raw, name: entry[0], value, json };
  }
}

/**
 * The context of one actor as it changes. What stays the same is not looked at again, and is the same object in each
 * answer.
 */
export class ShownContext {
  readonly #redaction: Redaction;
  #pieces = new Map<string, Piece>();

  constructor(redaction: Redaction) {
    this.#redaction = redaction;
  }

  /** What a snapshot holds: its context, or what an actor without a chart has instead. */
  read(snapshot: unknown): Readonly<Record<string, unknown>> {
    let raw = NOTHING;
    let names: readonly string[];
    try {
      raw = contentOf(snapshot);
      names = Object.keys(raw);
    } catch {
      this.#pieces.clear();
      return UNREADABLE;
    }
    const pieces = new Map<string, Piece>();
    const shown: [string, unknown][] = [];
    let size = 0;
    for (const name of names.slice(0, MOST_VALUES)) {
      const piece = this.#piece(name, raw);
      if (piece === undefined) continue;
      pieces.set(name, piece);
      size += piece.json.length;
      shown.push([piece.name, size > LONGEST_CONTEXT ? sizeNote(piece.json) : piece.value]);
    }
    if (names.length > MOST_VALUES) shown.push(['…', `${names.length - MOST_VALUES} more`]);
    this.#pieces = pieces;
    return Object.fromEntries(shown);
  }

  #piece(name: string, from: Readonly<Record<string, unknown>>): Piece | undefined {
    const before = this.#pieces.get(name);
    let raw: unknown;
    try {
      raw = from[name];
    } catch {
      raw = '[unreadable]';
    }
    // What is written into in place is not seen to have changed: a context is not to be.
    if (before !== undefined && Object.is(before.raw, raw)) return before;
    const piece = this.#redaction.entry(name, raw);
    return piece !== undefined && piece.json === before?.json ? { ...before, raw } : piece;
  }
}

/** What leads from one context to the next. */
export function changeOf(
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
): ContextChange {
  return {
    set: Object.fromEntries(
      Object.entries(after).filter(([name, value]) => !Object.hasOwn(before, name) || !Object.is(before[name], value)),
    ),
    removed: Object.keys(before).filter(name => !Object.hasOwn(after, name)),
  };
}

export const isNoChange = ({ set, removed }: ContextChange): boolean =>
  removed.length === 0 && Object.keys(set).length === 0;

/** The context after changes. */
export function changed(
  context: Readonly<Record<string, unknown>>,
  changes: readonly ContextChange[],
): Readonly<Record<string, unknown>> {
  const values = new Map(Object.entries(context));
  for (const { set, removed } of changes) {
    for (const name of removed) values.delete(name);
    for (const [name, value] of Object.entries(set)) values.set(name, value);
  }
  return Object.fromEntries(values);
}

function contentOf(snapshot: unknown): Readonly<Record<string, unknown>> {
  if (typeof snapshot !== 'object' || snapshot === null) return NOTHING;
  const { context, input, output, error } = snapshot as Readonly<Record<string, unknown>>;
  if ('machine' in snapshot) return (context ?? NOTHING) as Readonly<Record<string, unknown>>;
  return { context, input, output, error };
}

/** A snapshot in an event brings its machine along, with everything that is in it. */
export function withoutCharts(event: { readonly type: string }): unknown {
  if (!event.type.startsWith('xstate.snapshot.')) return event;
  const { snapshot, ...rest } = event as unknown as { readonly snapshot?: Partial<AnyMachineSnapshot> };
  const { status, value, context, output, error } = snapshot ?? {};
  // Not by its own name: a value as such may be a secret.
  return { ...rest, snapshot: { status, state: value, context, output, error } };
}

function bounded(value: unknown): { readonly value: unknown; readonly json: string | undefined } {
  let json: string | undefined;
  try {
    json = JSON.stringify(value);
  } catch {
    return { value: '[unreadable]', json: '"[unreadable]"' };
  }
  return json !== undefined && json.length > LONGEST_PIECE ? { value: sizeNote(json), json } : { value, json };
}

const sizeNote = (json: string): string => `[${json.length} characters, not shown]`;
