import { describe, expect, it } from 'vitest';
import { beds } from './bed.ts';
import { type RawViewer, until } from './support.ts';

const bed = beds();
const BIG = JSON.stringify({ filler: 'x'.repeat(256 * 1024) });

/** One that was greeted, with what its side was told since. */
async function live(options: Parameters<typeof bed>[0] = {}) {
  const made = await bed(options);
  const viewer = await made.connect();
  viewer.send('hello');
  const [side] = made.sides;
  if (side === undefined) throw new Error('nobody was accepted');
  await until(() => side.told.includes('hello'));
  return { ...made, viewer, side };
}

/** Reads no more, at the level of TCP. */
const stopReading = ({ socket }: RawViewer): void => socket.pause();

/** Sends until what waits is too much. */
function fill({ connection }: Awaited<ReturnType<typeof live>>['side']): void {
  for (let sent = 0; sent < 200; sent++) if (!connection.send(BIG, 'droppable')) return;
  throw new Error('it never stalled');
}

describe('the care for a socket', () => {
  it('[INS-28] a viewer that says nothing is closed with 4408 after 5 s, and never counted', async () => {
    const { clock, orders, sides, connect, hub } = await bed();
    const viewer = await connect();
    await clock.advance(4_999);
    expect(hub.count).toBe(1);
    await clock.advance(1);
    expect(await viewer.closed).toEqual({ code: 4408, reason: 'no hello in time' });
    await until(() => hub.count === 0);
    expect(sides[0]?.told).toEqual(['accept n=0', 'left']);
    expect([orders, hub.count, clock.pending]).toEqual([[], 0, 0]);
  });

  it('[INS-29] a peer that answers pings stays; one that does not is cut off within 40 s', async () => {
    const { clock, viewer, sides, connect, hub } = await live();
    const mute = await connect({ autoPong: false });
    mute.send('hello');
    await until(() => sides[1]?.told.includes('hello') === true);
    let pings = 0;
    viewer.socket.on('ping', () => {
      pings += 1;
    });
    await clock.advance(30_000);
    await until(() => pings === 1);
    await clock.advance(0);
    await new Promise(resolve => setImmediate(resolve));
    await clock.advance(10_000);
    expect((await mute.closed).code).toBe(1006);
    await until(() => hub.count === 1);
    viewer.send('still here');
    await until(() => sides[0]?.told.at(-1) === 'still here');
  });

  it('[INS-30] 50 messages at once pass and 20 a second; what is above is answered, and the third such closes', async () => {
    const { clock, viewer, side } = await live();
    const count = (text: string): number => side.told.filter(told => told === text).length;
    for (let i = 1; i < 50; i++) viewer.send('early');
    viewer.send('one too many');
    await until(() => side.told.at(-1) === 'refuse one too many');
    expect(count('early')).toBe(49);
    await clock.advance(49);
    viewer.send('a moment too early');
    await until(() => side.told.at(-1) === 'refuse a moment too early');
    await clock.advance(1);
    viewer.send('in time');
    await until(() => side.told.at(-1) === 'in time');
    await clock.advance(1_000);
    for (let i = 0; i < 20; i++) viewer.send('late');
    viewer.send('the third');
    expect(await viewer.closed).toMatchObject({ code: 1008 });
    expect(count('late')).toBe(20);
    expect(side.told).not.toContain('refuse the third');
  });

  it('[INS-30] who was silent for long may not say more at once', async () => {
    const { clock, viewer, side } = await live();
    await clock.advance(29_000);
    for (let i = 0; i < 50; i++) viewer.send('pass');
    viewer.send('one too many');
    await until(() => side.told.at(-1) === 'refuse one too many');
  });

  it('[INS-30] messages below the rate pass for as long as one likes', async () => {
    const { clock, viewer, side } = await live();
    for (let second = 0; second < 100; second++) {
      for (let i = 0; i < 20; i++) viewer.send(`${second}`);
      await until(() => side.told.at(-1) === `${second}`);
      await clock.advance(1_000);
    }
    expect(side.told.length).toBe(2 + 2_000);
  });

  it('[INS-30] pings count as messages, and are answered', async () => {
    const { viewer, side } = await live();
    let pongs = 0;
    viewer.socket.on('pong', () => {
      pongs += 1;
    });
    for (let i = 0; i < 52; i++) viewer.socket.ping();
    expect(await viewer.closed).toMatchObject({ code: 1008 });
    await until(() => side.told.at(-1) === 'left');
    expect([pongs, side.told.length]).toEqual([49, 2 + 1]);
  });

  it('[INS-30] pongs that nobody asked for count as messages', async () => {
    const { viewer, side } = await live();
    for (let i = 0; i < 52; i++) viewer.socket.pong();
    expect(await viewer.closed).toMatchObject({ code: 1008 });
    await until(() => side.told.at(-1) === 'left');
  });

  it('[INS-31] binary, too large, in too many pieces, not UTF-8: closed with the code for it', async () => {
    const cases: [number, (viewer: RawViewer) => void][] = [
      [1003, viewer => viewer.send(Buffer.from('hello'))],
      [1009, viewer => viewer.send('x'.repeat(64 * 1024 + 1))],
      [1007, viewer => viewer.socket.send(Buffer.from([0xff, 0xfe]), { binary: false })],
      [
        1008,
        viewer => {
          for (let piece = 0; piece < 65; piece++) viewer.socket.send('x', { fin: false });
        },
      ],
    ];
    const { connect, sides } = await bed();
    for (const [code, offend] of cases) {
      const viewer = await connect();
      offend(viewer);
      expect((await viewer.closed).code).toBe(code);
      expect(sides.at(-1)?.told).not.toContain('hello');
    }
    const good = await connect();
    good.send('x'.repeat(64 * 1024));
    await until(() => sides.at(-1)?.told[1]?.length === 64 * 1024);
  });

  it('[INS-34] one that does not read gets nothing that can be left out, then all anew; the others notice nothing', async () => {
    const { clock, viewer, side, sides, connect, hub } = await live();
    const other = await connect();
    other.send('hello');
    await until(() => sides[1]?.told.includes('hello') === true);
    stopReading(viewer);
    fill(side);
    expect(side.connection.send('left out', 'droppable')).toBe(false);
    expect(side.connection.send('must have')).toBe(true);
    viewer.send('asks on');
    expect(sides[1]?.connection.send('"other"', 'droppable')).toBe(true);
    await until(() => other.frames.length === 1);
    await clock.advance(9_999);
    expect(side.told).not.toContain('asks on');
    viewer.socket.resume();
    await until(() => side.told.includes('resync'));
    await until(() => side.told.at(-1) === 'asks on');
    await until(() => viewer.frames.at(-1) === 'must have');
    await clock.advance(9_999);
    expect([hub.count, viewer.frames.includes('left out')]).toEqual([2, false]);
  });

  it('[INS-34] one that has not drained within 10 s is told 4413 and is cut off 5 s later', async () => {
    const { clock, viewer, side, hub } = await live();
    stopReading(viewer);
    fill(side);
    await clock.advance(10_000);
    expect([side.connection.send('"more"'), hub.count]).toEqual([false, 1]);
    await clock.advance(5_000);
    await until(() => hub.count === 0);
    expect(side.told).toEqual(['accept n=0', 'hello', 'left']);
    viewer.socket.resume();
    await viewer.closed;
  });

  it('[INS-34] one that reads again when it was told 4413 takes its leave in time', async () => {
    const { clock, viewer, side, hub } = await live();
    stopReading(viewer);
    fill(side);
    await clock.advance(10_000);
    viewer.socket.resume();
    expect((await viewer.closed).code).toBe(4413);
    await until(() => hub.count === 0);
  });

  it('[INS-34] nothing is sent anew to one that missed nothing', async () => {
    const { viewer, side } = await live();
    stopReading(viewer);
    for (let sent = 0; sent < 200 && side.connection.send(BIG); sent++);
    viewer.socket.resume();
    await viewer.closed;
    expect(side.told).not.toContain('resync');
  });

  it('[INS-34] what must be sent ends at 8 MiB', async () => {
    const { viewer, side } = await live();
    stopReading(viewer);
    let sent = 0;
    while (side.connection.send(BIG)) sent += 1;
    expect(sent).toBeLessThan(100);
    viewer.socket.resume();
    expect(await viewer.closed).toMatchObject({ code: 4413 });
  });

  it('[INS-35] a peer that ignores the closing frame is cut off after 5 s', async () => {
    const { clock, viewer, side, hub } = await live();
    stopReading(viewer);
    side.connection.close('malformed');
    await clock.advance(4_999);
    expect(hub.count).toBe(1);
    await clock.advance(1);
    await until(() => hub.count === 0);
    viewer.socket.terminate();
  });

  it('[INS-37] the actors are listened to from the first greeting until the last viewer is forgotten', async () => {
    const { clock, viewer, side, orders, connect, sides } = await live();
    expect(orders).toEqual(['open']);
    const second = await connect();
    second.send('hello');
    await until(() => sides[1]?.told.includes('hello') === true);
    viewer.socket.close();
    await viewer.closed;
    await until(() => side.told.includes('left'));
    await clock.advance(10_000);
    expect(side.told).toEqual(['accept n=0', 'hello', 'left', 'forgotten']);
    second.socket.terminate();
    await until(() => sides[1]?.told.includes('left') === true);
    await clock.advance(9_999);
    expect(orders).not.toContain('close');
    await clock.advance(1);
    expect([orders.at(-1), clock.pending]).toEqual(['close', 0]);
  });

  it('[INS-37] who never said hello is not missed', async () => {
    const { clock, orders, connect, hub } = await live();
    const silent = await connect();
    silent.socket.terminate();
    await until(() => hub.count === 1);
    await clock.advance(20_000);
    expect(orders).not.toContain('close');
  });

  it('[INS-38] viewers are told 50 ms after the first change, and again 50 ms after the next', async () => {
    const { clock, orders, hub } = await live();
    await clock.advance(1_000);
    expect(orders).toEqual(['open', 'tell']);
    orders.length = 0;
    hub.changed();
    hub.changed();
    await clock.advance(49);
    expect(orders).toEqual([]);
    await clock.advance(1);
    expect(orders).toEqual(['tell']);
    await clock.advance(1_000);
    expect(orders, 'nothing changed').toEqual(['tell']);
  });

  it('[INS-39] of many that left, the latest 64 are remembered', async () => {
    const { clock, hub, sides, orders, connect } = await bed({ needsHello: false });
    for (let n = 0; n < 66; n++) {
      const viewer = await connect();
      viewer.socket.terminate();
      await until(() => sides[n]?.told.includes('left') === true);
    }
    expect(sides.map(({ told }) => told.includes('forgotten'))).toEqual([true, true, ...Array(64).fill(false)]);
    expect([hub.count, orders]).toEqual([0, ['open']]);
    await clock.advance(10_000);
    expect([sides.every(({ told }) => told.includes('forgotten')), clock.pending]).toEqual([true, 0]);
  });

  it('[INS-44] an endpoint that throws costs its viewer the connection, and nobody else anything', async () => {
    const { viewer, side, orders, connect, sides } = await live({
      onMessage: (_, text) => {
        if (text === 'bad') throw new Error('a fault');
      },
    });
    const other = await connect();
    other.send('hello');
    viewer.send('bad');
    expect(await viewer.closed).toMatchObject({ code: 1011 });
    expect(orders).toContain('fault: a fault');
    other.send('fine');
    await until(() => sides[1]?.told.at(-1) === 'fine');
    expect(side.told).toContain('left');
  });

  it('[INS-37] a viewer that an endpoint fails to accept is closed with 1011, and counts no longer than any other', async () => {
    const { clock, connect, hub, orders, sides } = await bed({
      needsHello: false,
      onAccept() {
        throw new Error('not accepted');
      },
    });
    const viewer = await connect();
    expect(await viewer.closed).toMatchObject({ code: 1011 });
    await until(() => hub.count === 0);
    expect(orders).toEqual(['open', 'fault: not accepted']);
    await clock.advance(10_000);
    expect([orders.at(-1), sides[0]?.told, clock.pending]).toEqual(['close', ['accept n=0'], 0]);
  });

  it('[INS-44] news that throw are told of, and the next are told', async () => {
    let fails = true;
    const { clock, orders, hub } = await live({
      tell: () => {
        if (fails) throw new Error('no news');
      },
    });
    await clock.advance(50);
    fails = false;
    hub.changed();
    await clock.advance(50);
    expect(orders).toEqual(['open', 'tell', 'fault: no news', 'tell']);
  });

  it('[INS-42] closing asks everybody to leave with 1001, and leaves no timer', async () => {
    const { clock, viewer, hub, orders, connect, close } = await live();
    const silent = await connect();
    const closing = close();
    expect(await viewer.closed).toEqual({ code: 1001, reason: 'the inspector was closed' });
    await silent.closed;
    await closing;
    expect([hub.count, clock.pending, orders.at(-1)]).toEqual([0, 0, 'close']);
  });

  it('[INS-41] what is attached later is told to those that were greeted', async () => {
    const { hub, side, sides, connect } = await live();
    await connect();
    await until(() => sides.length === 2);
    hub.refresh();
    expect([side.told.at(-1), sides[1]?.told]).toEqual(['refresh', ['accept n=1']]);
  });
});
