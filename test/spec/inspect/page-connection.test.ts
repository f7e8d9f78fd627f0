import { expect, it } from 'vitest';
import { createActor, fromCallback, fromPromise } from 'xstate';
import { takeToken, tokenIn } from '../../../inspector/src/connection/token.ts';
import { CLOSE_CODES, type ClientMessage } from '../../../src/integration/inspect/page-protocol.ts';
import { TokenBucket } from '../../../src/integration/inspect/token-bucket.ts';
import { readFrame } from '../../../src/integration/inspect/viewer/frames.ts';
import {
  type Access,
  backOffMs,
  type LifeEvent,
  type LinkInput,
  lifeMachine,
} from '../../../src/integration/inspect/viewer/life.ts';
import { Pacer } from '../../../src/integration/inspect/viewer/pacer.ts';
import { type Outcome, Requests } from '../../../src/integration/inspect/viewer/requests.ts';
import { VirtualClock } from '../../../src/integration/testing/virtual-clock.ts';

const TOKEN = 'a-token-of-16-chars';

/** The life of a connection to a process that the test plays. */
function life(token: string | null = TOKEN) {
  const clock = new VirtualClock();
  const asked: { token: string; answer: (access: Access) => void; fail: () => void }[] = [];
  const links: { token: string; send: (event: LifeEvent) => void; isOpen: boolean }[] = [];
  const machine = lifeMachine.provide({
    actors: {
      access: fromPromise<Access, LinkInput>(
        ({ input }) =>
          new Promise((answer, reject) =>
            asked.push({ token: input.token, answer, fail: () => reject(new Error('away')) }),
          ),
      ),
      link: fromCallback<LifeEvent, LinkInput>(({ input, sendBack }) => {
        const link = { token: input.token, send: sendBack, isOpen: true };
        links.push(link);
        return () => {
          link.isOpen = false;
        };
      }),
    },
  });
  const actor = createActor(machine, { input: { token, now: () => clock.now() }, clock });
  actor.start();
  const state = (): unknown => actor.getSnapshot().value;
  const flush = (): Promise<void> => new Promise(resolve => setImmediate(resolve));
  return { actor, clock, asked, links, state, flush };
}

async function linked(of: ReturnType<typeof life>): Promise<void> {
  of.asked.at(-1)?.answer('granted');
  await of.flush();
}

async function live(of: ReturnType<typeof life>): Promise<void> {
  await linked(of);
  of.links.at(-1)?.send({ type: 'WELCOME' });
}

it('[INS-80] a good token leads over the greeting to a live connection', async () => {
  const of = life();
  expect(of.state()).toBe('asking');
  expect(of.asked[0]?.token).toBe(TOKEN);
  await linked(of);
  expect(of.state()).toEqual({ linked: 'greeting' });
  expect(of.links[0]).toMatchObject({ token: TOKEN, isOpen: true });
  of.links[0]?.send({ type: 'WELCOME' });
  expect(of.state()).toEqual({ linked: 'live' });
  expect(of.actor.getSnapshot().context.wasLive).toBe(true);
});

it('[INS-80] without a token, or with a wrong one, nothing is tried until there is another', async () => {
  const none = life(null);
  expect(none.state()).toBe('refused');
  expect(none.asked).toHaveLength(0);
  const of = life();
  of.asked[0]?.answer('refused');
  await of.flush();
  expect(of.state()).toBe('refused');
  await of.clock.advance(3_600_000);
  of.actor.send({ type: 'RETRY' });
  expect(of.asked).toHaveLength(1);
  of.actor.send({ type: 'TOKEN', token: 'another-token-of-16' });
  expect(of.asked[1]?.token).toBe('another-token-of-16');
});

it('[INS-80] another token replaces a live connection', async () => {
  const of = life();
  await live(of);
  of.actor.send({ type: 'TOKEN', token: 'another-token-of-16' });
  expect(of.links[0]?.isOpen).toBe(false);
  await live(of);
  expect(of.links[1]?.token).toBe('another-token-of-16');
  expect(of.state()).toEqual({ linked: 'live' });
});

it.each([
  ['the process stops', CLOSE_CODES.goingAway, true, 'closing'],
  ['the page cannot keep up', CLOSE_CODES.tooSlow, true, 'slow'],
  ['the connection breaks', 1006, true, 'lost'],
  ['the handshake is refused', 1006, false, 'handshake'],
] as const)('[INS-80] when %s the page is away, knows why, and tries again', async (_, code, opened, absence) => {
  const of = life();
  await live(of);
  of.links[0]?.send({ type: 'CLOSED', code, opened });
  expect(of.state()).toBe('away');
  expect(of.actor.getSnapshot().context).toMatchObject({ absence, retryAt: of.clock.now() + 500 });
  await of.clock.advance(499);
  expect(of.state()).toBe('away');
  await of.clock.advance(1);
  expect(of.state()).toBe('asking');
});

it('[INS-80] one viewer too many waits until another has left; one that was thrown out waits for the user', async () => {
  const full = life();
  await linked(full);
  full.links[0]?.send({ type: 'CLOSED', code: CLOSE_CODES.full, opened: true });
  expect(full.state()).toBe('full');
  expect(full.actor.getSnapshot().context.retryAt).toBe(full.clock.now() + 10_000);
  await full.clock.advance(9_999);
  expect(full.state()).toBe('full');
  await full.clock.advance(1);
  expect(full.state()).toBe('asking');
  const thrown = life();
  await live(thrown);
  thrown.links[0]?.send({ type: 'CLOSED', code: CLOSE_CODES.abuse, opened: true });
  await thrown.clock.advance(3_600_000);
  expect(thrown.state()).toBe('dismissed');
  thrown.actor.send({ type: 'RETRY' });
  expect(thrown.state()).toBe('asking');
});

it('[INS-80] an answer that does not come, and a greeting that does not come, are waited for 5 s', async () => {
  const of = life();
  await of.clock.advance(4_999);
  expect(of.state()).toBe('asking');
  await of.clock.advance(1);
  expect(of.state()).toBe('away');
  expect(of.actor.getSnapshot().context.absence).toBe('unanswered');
  of.actor.send({ type: 'RETRY' });
  await linked(of);
  await of.clock.advance(4_999);
  expect(of.state()).toEqual({ linked: 'greeting' });
  await of.clock.advance(1);
  expect(of.state()).toBe('away');
  expect(of.links[0]?.isOpen).toBe(false);
});

it('[INS-81] the waits grow from half a second to five, and a live connection starts them anew', async () => {
  const of = life();
  const waits: number[] = [];
  for (let i = 0; i < 6; i++) {
    of.asked.at(-1)?.fail();
    await of.flush();
    const wait = of.actor.getSnapshot().context.retryAt - of.clock.now();
    waits.push(wait);
    await of.clock.advance(wait - 1);
    expect(of.state()).toBe('away');
    await of.clock.advance(1);
    expect(of.state()).toBe('asking');
  }
  expect(waits).toEqual([500, 1_000, 2_000, 4_000, 5_000, 5_000]);
  await live(of);
  await of.clock.advance(10_000);
  of.links.at(-1)?.send({ type: 'CLOSED', code: 1006, opened: true });
  expect(of.actor.getSnapshot().context.retryAt - of.clock.now()).toBe(500);
  expect(backOffMs(1_000)).toBe(5_000);
});

it('[INS-81] a connection that breaks again soon after its greeting is tried later each time', async () => {
  const of = life();
  const waits: number[] = [];
  for (let i = 0; i < 6; i++) {
    await live(of);
    expect(of.actor.getSnapshot().context.wasLive).toBe(true);
    await of.clock.advance(9_999);
    of.links.at(-1)?.send({ type: 'CLOSED', code: 1011, opened: true });
    waits.push(of.actor.getSnapshot().context.retryAt - of.clock.now());
    await of.clock.advance(waits.at(-1) ?? 0);
  }
  expect(waits).toEqual([500, 1_000, 2_000, 4_000, 5_000, 5_000]);
});

it('[INS-82] each question gets the answer with its number, once, whatever the order', async () => {
  const requests = new Requests();
  const said: ClientMessage[] = [];
  const say = (message: ClientMessage): boolean => said.push(message) > 0;
  const outcomes: Outcome[] = [];
  const ask = (actor: string): void => {
    void requests.ask({ type: 'explain', actor }, say).then(outcome => outcomes.push(outcome));
  };
  ask('a');
  ask('b');
  const [a, b] = said as { id: number }[];
  if (a === undefined || b === undefined) throw new Error('nothing was said');
  expect(said).toMatchObject([
    { type: 'explain', actor: 'a' },
    { type: 'explain', actor: 'b' },
  ]);
  const error = { type: 'error', code: 'X', message: '', remediation: '' } as const;
  requests.settle({ type: 'explanation', id: b.id, explanation: null });
  requests.settle({ type: 'explanation', id: b.id, explanation: null });
  requests.settle({ ...error, id: null });
  requests.settle({ ...error, id: 999 });
  requests.settle({ type: 'delta', now: 0 });
  requests.settle({ ...error, id: a.id });
  await Promise.resolve();
  expect(outcomes.map(({ type }) => type)).toEqual(['explanation', 'error']);
  expect(requests.pending).toBe(0);
});

it('[INS-82] an actor that is let go is answered too', async () => {
  const requests = new Requests();
  const open = requests.ask({ type: 'unwatch', actor: 'a' }, ({ type, ...message }) => {
    const frame = JSON.stringify({ type: 'unwatched', id: 'id' in message ? message.id : 0 });
    const answer = readFrame(frame);
    queueMicrotask(() => answer !== null && requests.settle(answer));
    return type === 'unwatch';
  });
  expect(await open).toMatchObject({ type: 'unwatched' });
  expect(requests.pending).toBe(0);
});

it('[INS-82] what was asked when the connection ends is answered with that, and so is what cannot be said', async () => {
  const requests = new Requests();
  const open = requests.ask({ type: 'watch', actor: 'a' }, () => true);
  requests.abandon();
  expect(await open).toEqual({ type: 'away' });
  expect(await requests.ask({ type: 'watch', actor: 'a' }, () => false)).toEqual({ type: 'away' });
  expect(requests.pending).toBe(0);
});

it('[INS-82] the page never says more than the inspector takes', () => {
  let now = 0;
  const pacer = new Pacer(() => now);
  const bucket = new TokenBucket({ now: () => now }, { burst: 50, perSecond: 20 });
  const due = Array.from({ length: 500 }, (_, i) => {
    now = i * 10;
    return now + pacer.turn();
  });
  expect(due.slice(0, 30)).toEqual(Array.from({ length: 30 }, (_, i) => i * 10));
  expect(due).toEqual([...due].sort((a, b) => a - b));
  const refused = due.filter(at => {
    now = at;
    return !bucket.take();
  });
  expect(refused).toEqual([]);
  now = 1e9;
  expect(Array.from({ length: 31 }, () => pacer.turn()).map(wait => wait > 0)).toEqual([
    ...Array(30).fill(false),
    true,
  ]);
});

it('[INS-82] frames that this page does not know are passed over', () => {
  for (const frame of [
    '',
    'null',
    '1',
    '"delta"',
    '[]',
    '{}',
    '{"type":"later"}',
    '{"type":1}',
    '{"type":"del',
    new ArrayBuffer(2),
  ]) {
    expect(readFrame(frame)).toBeNull();
  }
  expect(readFrame('{"type":"delta","now":1,"later":2}')).toMatchObject({ type: 'delta', now: 1 });
});

it('[INS-82] the token leaves the address bar and survives a reload of the tab', () => {
  const shelf = new Map<string, string>();
  const storage = {
    getItem: (key: string) => shelf.get(key) ?? null,
    setItem: (key: string, value: string) => void shelf.set(key, value),
  };
  let stripped = 0;
  const strip = (): void => {
    stripped += 1;
  };
  expect(takeToken('', storage, strip)).toBeNull();
  expect(takeToken(`#token=${TOKEN}`, storage, strip)).toBe(TOKEN);
  expect(stripped).toBe(1);
  expect(takeToken('', storage, strip)).toBe(TOKEN);
  expect(takeToken('#token=x', storage, strip)).toBe(TOKEN);
  expect(stripped).toBe(2);
});

it.each([
  [TOKEN, TOKEN],
  [` ${TOKEN}\n`, TOKEN],
  [`token=${TOKEN}`, TOKEN],
  [`#token=${TOKEN}`, TOKEN],
  [`http://127.0.0.1:4747/#token=${TOKEN}`, TOKEN],
  ['http://127.0.0.1:4747/', null],
  ['http://127.0.0.1:4747/#token=%', null],
  ['short', null],
  ['with spaces in the middle of it', null],
  [`<b>${TOKEN}</b>`, null],
])('[INS-82] of %j pasted the token is %j', (text, token) => {
  expect(tokenIn(text)).toBe(token);
});
