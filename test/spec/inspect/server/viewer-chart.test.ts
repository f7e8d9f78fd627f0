import { afterEach, describe, expect, it } from 'vitest';
import { type AnyStateMachine, type AnyStateNode, createActor } from 'xstate';
import { VirtualClock } from '../../../../src/integration/testing/virtual-clock.ts';
import { candidatesIn, declaredIn } from '../../../../src/machines/disposition.ts';
import { inspectionMachine } from '../../../../src/machines/inspection.ts';
import { type ViewerEmitted, viewerMachine } from '../../../../src/machines/viewer.ts';

const clocks: VirtualClock[] = [];
afterEach(() => {
  // An actor that has ended has no timer.
  for (const clock of clocks.splice(0)) expect(clock.pending).toBe(0);
});

/** A viewer in virtual time, and what it ordered. */
function viewer({ needsHello = true } = {}) {
  const clock = new VirtualClock();
  clocks.push(clock);
  const actor = createActor(viewerMachine, { clock, input: { needsHello } });
  const orders: ViewerEmitted[] = [];
  actor.on('*', order => void orders.push(order));
  actor.start();
  const state = (): string => JSON.stringify(actor.getSnapshot().value).replaceAll(/[{}"]/g, '').replaceAll(':', '.');
  return { clock, actor, orders, state };
}

/** One that has said hello. */
function live() {
  const made = viewer();
  made.actor.send({ type: 'HELLO' });
  made.orders.length = 0;
  return made;
}

const leafsOf = (node: AnyStateNode): AnyStateNode[] =>
  node.type === 'final' ? [] : node.type === 'atomic' ? [node] : Object.values(node.states).flatMap(leafsOf);

describe('the chart of a viewer', () => {
  it('[INS-28] it must say hello within 5 s, whatever else happens', () => {
    const { clock, actor, orders, state } = viewer();
    actor.send({ type: 'GARBLED' });
    clock.advanceSync(4_999);
    expect([state(), orders]).toEqual(['connected.awaitingHello', []]);
    clock.advanceSync(1);
    expect([state(), orders]).toEqual(['closing', [{ type: 'closeDue', cause: 'silent' }]]);
    actor.send({ type: 'GONE' });
    expect(state(), 'there is nothing to remember').toBe('ended');
  });

  it('[INS-28] one that need not say hello counts at once', () => {
    const { actor, orders, state } = viewer({ needsHello: false });
    expect([state(), orders]).toEqual(['connected.live.resting', [{ type: 'greeted' }]]);
    actor.send({ type: 'DISMISSED', cause: 'goingAway' });
    actor.send({ type: 'GONE' });
    expect(state()).toBe('ended');
  });

  it('[INS-29] it is asked every 30 s, and is broken off 10 s later if it does not answer', () => {
    const { clock, actor, orders, state } = live();
    clock.advanceSync(30_000);
    expect(orders).toEqual([{ type: 'pingDue' }]);
    clock.advanceSync(9_999);
    actor.send({ type: 'PONG' });
    expect(state()).toBe('connected.live.resting');
    clock.advanceSync(39_999);
    expect(orders).toEqual([{ type: 'pingDue' }, { type: 'pingDue' }]);
    clock.advanceSync(1);
    expect([state(), orders.at(-1)]).toEqual(['breaking', { type: 'breakDue' }]);
    actor.send({ type: 'GONE' });
    expect(state(), 'it may come back').toBe('remembered');
    clock.advanceSync(10_000);
    expect(state()).toBe('ended');
  });

  it('[INS-30] the third message above the rate closes it, the tenth that cannot be read too', () => {
    for (const [type, most] of [
      ['OVERRUN', 3],
      ['GARBLED', 10],
    ] as const) {
      const { actor, orders, state } = live();
      for (let i = 1; i < most; i++) actor.send({ type });
      expect([state(), orders]).toEqual(['connected.live.resting', []]);
      actor.send({ type });
      expect(orders).toEqual([{ type: 'closeDue', cause: 'abuse' }]);
      actor.send({ type: 'GONE' });
      actor.send({ type: 'FORGOTTEN' });
      expect(state()).toBe('ended');
    }
  });

  it('[INS-30] what was let pass is forgiven with the next ping', () => {
    const { clock, actor, orders, state } = live();
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 2; i++) actor.send({ type: 'OVERRUN' });
      for (let i = 0; i < 9; i++) actor.send({ type: 'GARBLED' });
      clock.advanceSync(30_000);
      actor.send({ type: 'PONG' });
    }
    expect([state(), orders.length]).toEqual(['connected.live.resting', 3]);
    actor.send({ type: 'DISMISSED', cause: 'goingAway' });
    actor.send({ type: 'GONE' });
  });

  it('[INS-34] one that does not read for 10 s is closed; one that reads again gets all anew', () => {
    const { clock, actor, orders, state } = live();
    actor.send({ type: 'STALLED' });
    clock.advanceSync(9_999);
    actor.send({ type: 'STALLED' });
    actor.send({ type: 'DRAINED' });
    expect([state(), orders]).toEqual(['connected.live.resting', [{ type: 'resyncDue' }]]);
    clock.advanceSync(30_000);
    actor.send({ type: 'STALLED' });
    expect(state(), 'nobody waits for its pong').toBe('connected.live.stalled');
    clock.advanceSync(10_000);
    expect([state(), orders.at(-1)]).toEqual(['closing', { type: 'closeDue', cause: 'tooSlow' }]);
    clock.advanceSync(5_000);
    expect(orders.at(-1)).toEqual({ type: 'breakDue' });
    actor.send({ type: 'GONE' });
    clock.advanceSync(10_000);
  });

  it('[INS-35] a closing handshake that takes 5 s is broken off', () => {
    const { clock, actor, orders, state } = live();
    actor.send({ type: 'DISMISSED', cause: 'binary' });
    clock.advanceSync(4_999);
    expect(orders).toEqual([{ type: 'closeDue', cause: 'binary' }]);
    clock.advanceSync(1);
    expect([state(), orders.at(-1)]).toEqual(['breaking', { type: 'breakDue' }]);
    actor.send({ type: 'GONE' });
    clock.advanceSync(10_000);
  });

  it('[INS-39] it is remembered for 10 s after it left, unless the inspector is closed', () => {
    const { clock, actor, state } = live();
    actor.send({ type: 'GONE' });
    clock.advanceSync(9_999);
    expect(state()).toBe('remembered');
    clock.advanceSync(1);
    expect(state()).toBe('ended');
    const other = live();
    other.actor.send({ type: 'DISMISSED', cause: 'goingAway' });
    other.actor.send({ type: 'GONE' });
    expect(other.state()).toBe('ended');
  });
});

describe('the chart of an inspection', () => {
  const inspection = () => {
    const clock = new VirtualClock();
    clocks.push(clock);
    const actor = createActor(inspectionMachine, { clock });
    const orders: string[] = [];
    actor.on('*', ({ type }) => void orders.push(type));
    actor.start();
    return { clock, actor, orders };
  };

  it('[INS-37] it listens from the first viewer to the last', () => {
    const { clock, actor, orders } = inspection();
    actor.send({ type: 'CHANGED' });
    actor.send({ type: 'LEFT' });
    clock.advanceSync(1_000);
    expect(orders).toEqual([]);
    actor.send({ type: 'CAME' });
    actor.send({ type: 'CAME' });
    actor.send({ type: 'LEFT' });
    expect(orders).toEqual(['openDue']);
    actor.send({ type: 'LEFT' });
    expect(orders).toEqual(['openDue', 'closeDue']);
  });

  it('[INS-38] changes are gathered for 50 ms', () => {
    const { clock, actor, orders } = inspection();
    actor.send({ type: 'CAME' });
    clock.advanceSync(50);
    orders.length = 0;
    clock.advanceSync(10_000);
    expect(orders, 'nothing changed').toEqual([]);
    actor.send({ type: 'TOLD', tookMs: 0 });
    for (let at = 0; at < 200; at += 10) {
      actor.send({ type: 'CHANGED' });
      clock.advanceSync(10);
      if (actor.getSnapshot().matches({ watching: 'telling' })) actor.send({ type: 'TOLD', tookMs: 0 });
    }
    expect(orders).toEqual(['newsDue', 'newsDue', 'newsDue', 'newsDue']);
    actor.send({ type: 'TOLD', tookMs: 0 });
    expect(actor.getSnapshot().value, 'of an older round').toEqual({ watching: 'quiet' });
    actor.send({ type: 'CLOSED' });
    expect(orders.at(-1)).toBe('closeDue');
  });

  it('[INS-38] what changes while viewers are told is told 50 ms after that round', () => {
    const { clock, actor, orders } = inspection();
    actor.send({ type: 'CAME' });
    clock.advanceSync(50);
    actor.send({ type: 'CHANGED' });
    actor.send({ type: 'CHANGED' });
    clock.advanceSync(500);
    expect(orders).toEqual(['openDue', 'newsDue']);
    actor.send({ type: 'TOLD', tookMs: 0 });
    actor.send({ type: 'TOLD', tookMs: 0 });
    clock.advanceSync(50);
    expect(orders).toEqual(['openDue', 'newsDue', 'newsDue']);
    actor.send({ type: 'TOLD', tookMs: 0 });
    clock.advanceSync(500);
    expect(orders.length).toBe(3);
    actor.send({ type: 'CLOSED' });
  });

  it('[INS-46] news that take long come less often: nineteen times as long goes by, up to a second', () => {
    const gaps = [0, 2, 3, 20, 100].map(tookMs => {
      const { clock, actor, orders } = inspection();
      actor.send({ type: 'CAME' });
      clock.advanceSync(50);
      actor.send({ type: 'TOLD', tookMs });
      actor.send({ type: 'CHANGED' });
      orders.length = 0;
      const since = clock.now();
      while (orders.length === 0) clock.advanceSync(1);
      actor.send({ type: 'CLOSED' });
      return clock.now() - since;
    });
    expect(gaps).toEqual([50, 50, 57, 380, 1_000]);
  });
});

describe('both charts', () => {
  const charts: [string, AnyStateMachine][] = [
    ['viewer', viewerMachine],
    ['inspection', inspectionMachine],
  ];
  it.each(charts)('[INS-45] %s says of every event in every state what becomes of it', (_, machine) => {
    const events = machine.events.filter(type => !type.startsWith('xstate.'));
    expect(events.length).toBeGreaterThan(4);
    for (const leaf of leafsOf(machine.root)) {
      for (const type of events) {
        const taken = candidatesIn(leaf, type).length > 0;
        const declared = declaredIn(leaf, type) !== undefined;
        expect([leaf.id, type, taken || declared]).toEqual([leaf.id, type, true]);
        const own = leaf.transitions.has(type);
        expect([leaf.id, type, own && declared], 'said in vain').toEqual([leaf.id, type, false]);
      }
    }
  });
});
