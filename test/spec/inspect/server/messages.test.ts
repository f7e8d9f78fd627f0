import { describe, expect, it } from 'vitest';
import { readMessage } from '../../../../src/integration/inspect/client-message.ts';
import { LONGEST_PAGE } from '../../../../src/integration/inspect/page-protocol.ts';

const query = { offset: 0, limit: 10 };
const list = (more: object) => ({ type: 'list', id: 1, query: { ...query, ...more } });
const nested = (levels: number): unknown => (levels === 0 ? 1 : { a: nested(levels - 1) });
const send = (event: unknown) => ({ type: 'send', id: 1, actor: 'a', event });

describe('messages of a viewer', () => {
  it.each([
    [{ type: 'hello' }],
    [list({})],
    [
      list({
        states: ['active', 'failed'],
        search: '',
        sort: 'next',
        descending: true,
        offset: 1e6,
        limit: LONGEST_PAGE,
      }),
    ],
    [{ type: 'watch', id: 0, actor: 'a:b' }],
    [{ type: 'watch', id: Number.MAX_SAFE_INTEGER, actor: 'a', after: 0 }],
    [{ type: 'unwatch', id: 2, actor: 'a' }],
    [{ type: 'explain', id: 2, actor: 'x'.repeat(512) }],
    [send({ type: 'GO', deep: nested(5), list: [1, 'two', null, true] })],
  ])('[INS-32] %j is taken as it is', message => {
    expect(readMessage(JSON.stringify(message))).toEqual({ ok: true, message });
  });

  const refusals: [message: unknown, id: number | null, field: string, allowed: string][] = [
    [null, null, 'type', 'hello, list, watch, unwatch, explain, send'],
    [7, null, 'type', 'hello, list'],
    [[], null, 'type', 'hello, list'],
    [{ type: 'toString', id: 3 }, 3, 'type', 'hello, list'],
    [{ type: 7, id: -1 }, null, 'type', 'hello, list'],
    [{ type: 'hello', id: 1 }, 1, 'id', 'type'],
    [{ type: 'hello', more: 1 }, null, 'more', 'type'],
    [{ type: 'list', query }, null, 'id', 'a whole number, 0 to 9007199254740991'],
    [{ type: 'list', id: 1.5, query }, null, 'id', 'a whole number'],
    [{ type: 'list', id: '1', query }, null, 'id', 'a whole number'],
    [{ type: 'list', id: 1 }, 1, 'query', 'an object with offset and limit'],
    [list({ limit: 0 }), 1, 'query.limit', 'a whole number, 1 to 500'],
    [list({ limit: 501 }), 1, 'query.limit', 'a whole number, 1 to 500'],
    [list({ offset: -1 }), 1, 'query.offset', 'a whole number'],
    [list({ sort: 'size' }), 1, 'query.sort', 'id, state, started, activity, next, renewals'],
    [list({ search: 'x'.repeat(201) }), 1, 'query.search', 'text of 0 to 200 characters'],
    [list({ states: Array(21).fill('active') }), 1, 'query.states', 'a list of at most 20 states'],
    [list({ states: 'active' }), 1, 'query.states', 'a list of at most 20 states'],
    [list({ states: [1] }), 1, 'query.states.0', 'text of 1 to 100 characters'],
    [list({ descending: 'yes' }), 1, 'query.descending', 'true or false'],
    [list({ from: 1 }), 1, 'query.from', 'states, search, sort, descending, offset, limit'],
    [{ type: 'watch', id: 1, actor: '' }, 1, 'actor', 'text of 1 to 512 characters'],
    [{ type: 'watch', id: 1, actor: 'x'.repeat(513) }, 1, 'actor', 'text of 1 to 512 characters'],
    [{ type: 'watch', id: 1, actor: 'a', after: -1 }, 1, 'after', 'a whole number'],
    [send('GO'), 1, 'event', 'an object with a type'],
    [send({}), 1, 'event.type', 'text of 1 to 200 characters'],
    [send({ type: 'x'.repeat(201) }), 1, 'event.type', 'text of 1 to 200 characters'],
    [send({ type: 'GO', deep: nested(7) }), 1, 'message', 'at most 8 levels'],
    [
      send({ type: 'GO', keys: Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`k${i}`, i])) }),
      1,
      'message',
      'at most 200 keys and list entries',
    ],
    [send({ type: 'GO', constructor: 1 }), 1, 'message', 'any other key'],
  ];
  it.each(refusals)('[INS-32] %j is refused with its field and what is allowed', (message, id, field, allowed) => {
    const read = readMessage(JSON.stringify(message));
    expect(read).toMatchObject({ ok: false, why: { id, field, allowed: expect.stringContaining(allowed) } });
    if (!read.ok) expect(read.why.message).toBe(`${read.why.message.split(';')[0]}; allowed: ${read.why.allowed}`);
  });

  it('[INS-32] what is said of a message repeats no more than a few characters of it', () => {
    const secret = 'sk-0123456789-0123456789';
    for (const message of [
      secret,
      { type: secret },
      { type: 'watch', id: 1, actor: [secret] },
      list({ sort: secret }),
    ]) {
      expect(JSON.stringify(readMessage(JSON.stringify(message)))).not.toContain(secret);
    }
    expect(JSON.stringify(readMessage(`{"type":"hello","${'k'.repeat(500)}":1}`)).length).toBeLessThan(250);
    expect(readMessage(secret)).toMatchObject({ ok: false, why: { id: null, field: 'message' } });
  });

  it('[INS-32] __proto__ is refused at any level, and nothing becomes of it', () => {
    const at = (depth: number): string => `${'{"a":'.repeat(depth)}{"__proto__":{"polluted":1}}${'}'.repeat(depth)}`;
    for (let depth = 0; depth < 6; depth++) {
      const read = readMessage(`{"type":"send","id":4,"actor":"a","event":{"type":"GO","data":${at(depth)}}}`);
      expect(read).toMatchObject({ ok: false, why: { id: 4, field: 'message', allowed: 'any other key' } });
    }
    expect(readMessage('{"type":"hello","__proto__":{}}').ok).toBe(false);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  it('[INS-32] the deepest and the widest that is allowed is taken, and what is far beyond costs nothing', () => {
    expect(readMessage(JSON.stringify(send({ type: 'GO', deep: nested(6) }))).ok).toBe(true);
    const keys = Object.fromEntries(Array.from({ length: 194 }, (_, i) => [`k${i}`, i]));
    expect(readMessage(JSON.stringify(send({ type: 'GO', keys }))).ok).toBe(true);
    expect(readMessage(`${'['.repeat(30_000)}${']'.repeat(30_000)}`).ok).toBe(false);
  });
});
