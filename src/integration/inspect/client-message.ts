import { z } from 'zod';
import { shownName, shownValue } from '../../services/config-field.ts';
import { type ClientMessage, LIST_SORTS, LONGEST_PAGE } from './page-protocol.ts';

/** Bounds of what one message may hold (S31). */
const DEEPEST = 8;
const MOST_KEYS = 200;
/** Keys that code which copies objects carelessly would take for its own. */
const FORBIDDEN_KEYS: readonly string[] = ['__proto__', 'constructor'];

const LONGEST_ACTOR_KEY = 512;
const LONGEST_EVENT_TYPE = 200;
const LONGEST_SEARCH = 200;
const MOST_STATES = 20;
const LONGEST_STATE = 100;

const whole = (min: number, max: number) => {
  const error = `a whole number, ${min} to ${max}`;
  return z.int({ error }).min(min, { error }).max(max, { error });
};
const text = (max: number, min = 1) => {
  const error = `text of ${min} to ${max} characters`;
  return z.string({ error }).min(min, { error }).max(max, { error });
};
const flag = z.boolean({ error: 'true or false' });
/** `error` is what is allowed in place of the object; of an unknown key its own words are kept. */
const record = <S extends z.ZodRawShape>(shape: S, what: string) => {
  const names = Object.keys(shape).join(', ');
  return z.strictObject(shape, { error: issue => (issue.code === 'unrecognized_keys' ? names : what) });
};

const id = whole(0, Number.MAX_SAFE_INTEGER);
const actor = text(LONGEST_ACTOR_KEY);

const query = record(
  {
    states: z
      .array(text(LONGEST_STATE), { error: `a list of at most ${MOST_STATES} states` })
      .max(MOST_STATES, { error: `a list of at most ${MOST_STATES} states` })
      .optional(),
    search: text(LONGEST_SEARCH, 0).optional(),
    sort: z.enum(LIST_SORTS, { error: LIST_SORTS.join(', ') }).optional(),
    descending: flag.optional(),
    offset: whole(0, Number.MAX_SAFE_INTEGER),
    limit: whole(1, LONGEST_PAGE),
  },
  'an object with offset and limit',
);

const event = z.looseObject({ type: text(LONGEST_EVENT_TYPE) }, { error: 'an object with a type' });

const kinds = {
  hello: record({ type: z.literal('hello') }, 'an object'),
  list: record({ type: z.literal('list'), id, query }, 'an object'),
  watch: record(
    { type: z.literal('watch'), id, actor, after: whole(0, Number.MAX_SAFE_INTEGER).optional() },
    'an object',
  ),
  unwatch: record({ type: z.literal('unwatch'), id, actor }, 'an object'),
  explain: record({ type: z.literal('explain'), id, actor }, 'an object'),
  send: record({ type: z.literal('send'), id, actor, event }, 'an object'),
} satisfies Record<ClientMessage['type'], z.ZodType>;

/** Why a message is not taken. `id` is its own, if that much could be read. */
export interface Unreadable {
  readonly id: number | null;
  readonly field: string;
  readonly allowed: string;
  readonly message: string;
}

type Read = { readonly ok: true; readonly message: ClientMessage } | { readonly ok: false; readonly why: Unreadable };

/** Reads a message of a viewer. What is said of one that is not allowed repeats no more than a few characters of it. */
export function readMessage(frame: string): Read {
  let data: unknown;
  try {
    data = JSON.parse(frame);
  } catch {
    return refused(null, 'message', 'one JSON object per frame', 'is not JSON');
  }
  const id = idOf(data);
  const shape = faultOfShape(data);
  if (shape !== undefined) return refused(id, ...shape);
  const type: unknown = (data as { type?: unknown } | null)?.type;
  if (typeof type !== 'string' || !Object.hasOwn(kinds, type)) {
    return refused(id, 'type', Object.keys(kinds).join(', '), `is ${shownValue(type)}`);
  }
  const result = kinds[type as ClientMessage['type']].safeParse(data);
  // zod leaves out optional fields that are missing, as the type has it.
  if (result.success) return { ok: true, message: result.data as ClientMessage };
  const [issue] = result.error.issues;
  const path = issue?.path ?? [];
  if (issue?.code === 'unrecognized_keys') {
    return refused(id, [...path, shownName(issue.keys[0] ?? '')].join('.'), issue.message, 'is no known field');
  }
  let value: unknown = data;
  for (const key of path) value = (value as Record<PropertyKey, unknown>)[key];
  return refused(id, path.join('.'), issue?.message ?? '', `is ${shownValue(value)}`);
}

/** The id of a message that is not taken, for its answer. */
function idOf(data: unknown): number | null {
  const id: unknown = typeof data === 'object' && data !== null && 'id' in data ? data.id : undefined;
  return Number.isSafeInteger(id) && Number(id) >= 0 ? Number(id) : null;
}

const refused = (id: number | null, field: string, allowed: string, is: string): Read => ({
  ok: false,
  why: { id, field, allowed, message: `${field} ${is}; allowed: ${allowed}` },
});

/** What is wrong with the shape alone: too deep, too many keys, a key that is none. */
export function faultOfShape(data: unknown): [field: string, allowed: string, is: string] | undefined {
  let keys = 0;
  const look = (value: unknown, depth: number): [string, string, string] | undefined => {
    if (typeof value !== 'object' || value === null) return undefined;
    if (depth > DEEPEST) return ['message', `at most ${DEEPEST} levels`, 'is nested too deeply'];
    for (const key of Object.keys(value)) {
      if (FORBIDDEN_KEYS.includes(key)) return ['message', 'any other key', `has the key ${key}`];
      if (++keys > MOST_KEYS) return ['message', `at most ${MOST_KEYS} keys and list entries`, 'has too many'];
      const fault = look((value as Record<string, unknown>)[key], depth + 1);
      if (fault !== undefined) return fault;
    }
    return undefined;
  };
  return look(data, 1);
}
