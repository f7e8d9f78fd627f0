import fc from 'fast-check';
import { expect, it } from 'vitest';
import { headPath, linePath } from '../../../inspector/src/chart/path-shape.ts';
import { shortTime, Totals } from '../../../inspector/src/chart/remaining.ts';
import { edgesTip, stateTip } from '../../../inspector/src/chart/tip-text.ts';
import { tonesOf } from '../../../inspector/src/chart/tones.ts';
import { fitted, following, isLegible, panned, revealing, zoomed } from '../../../inspector/src/chart/view-math.ts';
import { chartDefinition } from '../../../src/integration/inspect/chart-definition.ts';
import type { ActorTimer } from '../../../src/integration/inspect/page-protocol.ts';
import { sessionMachine } from '../../../src/machines/session.ts';
import { randomChart } from './random-chart.ts';

const session = chartDefinition(sessionMachine);
const size = fc.record({ width: fc.integer({ min: 1, max: 3_000 }), height: fc.integer({ min: 1, max: 3_000 }) });
const timer = (at: number, id = 'a'): ActorTimer => ({ id, name: 'renewal', node: 'session.serving.active', at });

it('[INS-76] a timer tells what is left in at most five characters, and as a part of what was left at first', () => {
  const times: [number, string][] = [
    [-5, '0.0s'],
    [9_949, '9.9s'],
    [9_950, '10s'],
    [59_499, '59s'],
    [59_500, '1:00'],
    [3_599_499, '59:59'],
    [3_599_500, '1h00'],
    [86_399_000, '23h59'],
    [86_399_500, '1d'],
    [2_000 * 86_400_000, '2000d'],
  ];
  for (const [ms, text] of times) expect(shortTime(ms)).toBe(text);

  const totals = new Totals();
  const part = (each: ActorTimer, now: number): number | undefined => totals.remaining([each], now).get(each)?.part;
  const first = timer(10_000);
  expect(part(first, 0)).toBe(1);
  expect(part(first, 7_500)).toBe(0.25);
  expect(part({ ...first }, 10_000)).toBe(0);
  // In a moment of the past more was left.
  expect(part(first, -10_000)).toBe(1);
  expect(part(first, 0)).toBe(0.5);
  // Armed anew, it is another one; and so it is after it was not armed.
  expect(part(timer(20_000), 10_000)).toBe(1);
  totals.remaining([], 0);
  expect(part(timer(20_000), 15_000)).toBe(1);
});

it('[INS-77] a fitted chart is all in its frame, zooming keeps the point under the pointer, and moving never loses the chart', () => {
  expect(fitted({ width: 900, height: 700 }, { width: 640, height: 560 }).scale).toBeCloseTo(620 / 900);
  expect(fitted({ width: 90, height: 70 }, { width: 640, height: 560 })).toEqual({ scale: 1.3, x: 261.5, y: 234.5 });
  const point = fc.record({ x: fc.integer({ min: -500, max: 2_000 }), y: fc.integer({ min: -500, max: 2_000 }) });
  fc.assert(
    fc.property(size, size, point, fc.double({ min: 0.1, max: 10, noNaN: true }), (chart, frame, about, times) => {
      const view = fitted(chart, frame);
      const isRoomy = view.scale > 0.15;
      if (isRoomy) {
        expect(view.x).toBeGreaterThanOrEqual(0);
        expect(view.y + chart.height * view.scale).toBeLessThanOrEqual(frame.height + 1e-6);
      }
      const next = zoomed(view, about, times);
      expect((about.x - next.x) / next.scale).toBeCloseTo((about.x - view.x) / view.scale, 5);
      expect((about.y - next.y) / next.scale).toBeCloseTo((about.y - view.y) / view.scale, 5);
      if (frame.width < 100 || frame.height < 100) return;
      const far = panned(next, about.x * 9, -about.y * 9, chart, frame);
      expect(far.x).toBeLessThanOrEqual(frame.width - 48);
      expect(far.x + chart.width * far.scale).toBeGreaterThanOrEqual(
        Math.min(48, frame.width - 48 + chart.width * far.scale),
      );
      expect(far.y).toBeLessThanOrEqual(frame.height - 48);
    }),
  );
  const frame = { width: 200, height: 100 };
  const still = { scale: 1, x: 0, y: 0 };
  expect(revealing(still, { x: 20, y: 20, width: 50, height: 50 }, frame)).toEqual(still);
  expect(revealing(still, { x: 190, y: -30, width: 50, height: 50 }, frame)).toEqual({ scale: 1, x: -50, y: 40 });
  expect(revealing(still, { x: 5, y: 0, width: 500, height: 5 }, frame)).toEqual({ scale: 1, x: 5, y: 10 });
});

it('[INS-78] a tip says in words what a state does, and upon what and on what condition it is left', () => {
  const active = stateTip(session, 'session.serving.active');
  expect(active?.title).toBe('serving.active');
  expect(active?.parts.find(({ label }) => label === 'Leaves upon')?.terms.map(({ name }) => name)).toContain(
    'REFUSED [canRenew] → serving.renewing',
  );
  expect(active?.parts.find(({ label }) => label === 'Takes')?.terms).toEqual([{ name: 'CONFIGURE' }]);
  const acquiring = stateTip(session, 'session.starting.acquiring');
  expect(acquiring?.parts).toContainEqual({ label: 'Runs', terms: [{ name: 'acquire' }] });
  expect(acquiring?.parts).toContainEqual({
    label: 'On entry',
    terms: [{ name: 'beginMint', words: 'Counts an attempt to obtain a credential.' }],
  });
  const idle = session.edges.find(({ guard }) => guard === 'isIdle')?.id ?? '';
  expect(edgesTip(session, [idle])).toEqual({
    title: 'after inactivity [isIdle]',
    about: 'serving → ending',
    parts: [
      { label: 'Delay', terms: [{ name: 'inactivity', words: session.words.delays.inactivity }] },
      { label: 'If', terms: [{ name: 'isIdle', words: 'There was no activity for the whole idle window.' }] },
      { label: 'Does', terms: [{ name: 'setReason', words: session.words.actions.setReason }] },
    ],
  });
  const both = session.edges.find(({ guard }) => guard === 'needsCredential and mustWait')?.id ?? '';
  const conditions = edgesTip(session, [both])?.parts.find(({ label }) => label === 'If')?.terms;
  expect(conditions?.map(({ name, words }) => [name, words !== undefined])).toEqual([
    ['needsCredential', true],
    ['mustWait', true],
  ]);
  expect(stateTip(session, 'nothing')).toBeUndefined();
  expect(edgesTip(session, [])).toBeUndefined();
  fc.assert(
    fc.property(randomChart, definition => {
      for (const { id } of definition.nodes) expect(stateTip(definition, id)).toBeDefined();
      for (const { id } of definition.edges) expect(edgesTip(definition, [id])?.title).not.toBe('');
    }),
  );
});

it('[INS-79] a state has the colour of the public state in which it is, and every state has one', () => {
  const tones = tonesOf(session);
  const toneAt = (path: string): string | undefined => tones.get(`session.${path}`);
  expect(toneAt('starting.backingOff')).toBe('starting');
  expect(toneAt('serving.active')).toBe('active');
  expect(toneAt('serving.renewing.acquiring')).toBe('renewing');
  expect(toneAt('failed.purging')).toBe('failed');
  expect(toneAt('ended')).toBe('ended');
  fc.assert(
    fc.property(randomChart, definition => {
      expect([...tonesOf(definition).keys()].sort()).toEqual(definition.nodes.map(({ id }) => id).sort());
    }),
  );
});

it('[INS-73] an arrow has round corners where there is room, and a head that points at its state', () => {
  const points = [
    { x: 0, y: 0 },
    { x: 20, y: 0 },
    { x: 20, y: 4 },
    { x: 60, y: 4 },
  ];
  expect(linePath(points)).toBe('M0 0L18 0Q20 0 20 2L20 2Q20 4 22 4L54 4');
  expect(headPath(points)).toBe('M60 4L53 0.6L53 7.4Z');
  expect(linePath([])).toBe('');
  expect(headPath(points.slice(0, 1))).toBe('');
});

it('[INS-77] in a frame too small to read all of it, the view goes along with the active state', () => {
  const chart = { width: 890, height: 770 };
  expect([isLegible(chart, { width: 630, height: 560 }), isLegible(chart, { width: 380, height: 490 })]).toEqual([
    true,
    false,
  ]);
  fc.assert(
    fc.property(
      size,
      size,
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (whole, frame, right, down) => {
        const width = whole.width / 8;
        const height = whole.height / 8;
        const area = { x: right * (whole.width - width), y: down * (whole.height - height), width, height };
        const view = following(whole, frame, area);
        expect(view.scale).toBeGreaterThanOrEqual(0.85);
        const middle = {
          x: view.x + (area.x + width / 2) * view.scale,
          y: view.y + (area.y + height / 2) * view.scale,
        };
        expect(middle.x).toBeGreaterThanOrEqual(Math.min(0, frame.width / 2 - 10));
        expect(middle.x).toBeLessThanOrEqual(Math.max(frame.width, frame.width / 2 + 10));
        expect(middle.y).toBeLessThanOrEqual(Math.max(frame.height, frame.height / 2 + 10));
        // No empty room beside a chart that is larger than its frame.
        if (whole.width * view.scale > frame.width) {
          expect(view.x).toBeLessThanOrEqual(10);
          expect(view.x + whole.width * view.scale).toBeGreaterThanOrEqual(frame.width - 10 - 1e-6);
        }
      },
    ),
  );
});
