import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { Redraw } from '../../../src/integration/terminal/redraw.ts';
import { remaining } from '../../../src/integration/terminal/remaining.ts';
import { renderTable, type TableRow } from '../../../src/integration/voice/table.ts';

const ROW: TableRow = {
  sessionId: 's-1',
  state: 'active',
  renewalInMs: 1_500,
  idleInMs: 61_000,
  lifetimeInMs: 3_599_000,
  renewals: 3,
  framesSent: 1_234,
  framesEchoed: 1_230,
  longestGapMs: 21.4,
  note: 'ok',
};

describe('table', () => {
  it('[RTS-36] a row stands under its titles', () => {
    expect(renderTable([ROW]).split('\n')).toEqual([
      'session    state    renewal   idle   beat    life renewed    sent  echoed      gap note',
      's-1        active      1.5s  1m01s      -  59m59s       3    1234    1230    21 ms ok',
    ]);
  });

  it('[RTS-36] no line is longer than 100 columns, whatever is in it', () => {
    const row = { ...ROW, sessionId: 'x'.repeat(50), state: 'y'.repeat(50), note: 'z'.repeat(500), framesSent: 1e12 };
    for (const color of [false, true]) {
      for (const line of renderTable([row, ROW], { color }).split('\n')) {
        expect(stripVTControlCharacters(line).length).toBeLessThanOrEqual(100);
      }
    }
    expect(renderTable([row]).split('\n')[1]).toMatch(/…$/);
  });

  it('[RTS-36] colours come only when asked for, and change no letter', () => {
    const plain = renderTable([ROW]);
    expect(plain).not.toContain('\u001b');
    const colored = renderTable([ROW], { color: true });
    expect(colored).toContain('\u001b[32mactive');
    expect(stripVTControlCharacters(colored)).toBe(plain);
  });

  it('[RTS-36] control characters from outside do not reach the terminal', () => {
    const text = renderTable([{ ...ROW, sessionId: '\u001b[31mred', note: 'a\nb\u0007\u001b]0;title\u0007' }]);
    expect(text.split('\n')).toHaveLength(2);
    expect(text.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
  });

  it.each([
    [undefined, '-'],
    [Number.POSITIVE_INFINITY, '-'],
    [-5, '0s'],
    [0, '0s'],
    [999, '999ms'],
    [1_000, '1.0s'],
    [9_999, '9.9s'],
    [10_000, '10s'],
    [59_999, '59s'],
    [60_000, '1m00s'],
    [3_599_999, '59m59s'],
    [3_600_000, '1h00m'],
    [86_399_999, '23h59m'],
    [86_400_000, '1d00h'],
  ])('[RTS-36] %s ms left is shown as %s', (ms, text) => {
    expect(remaining(ms)).toBe(text);
    expect(text.length).toBeLessThanOrEqual(6);
  });
});

describe('redraw', () => {
  it('[RTS-37] on a terminal a text is drawn over the one before, and one that did not change is not drawn', () => {
    const written: string[] = [];
    const redraw = new Redraw({ isTTY: true, write: text => written.push(text) });
    redraw.draw('a\nb');
    redraw.draw('a\nb');
    redraw.draw('c');
    expect(written).toEqual(['\ra\u001b[K\nb\u001b[K\n\u001b[J', '\u001b[2A\rc\u001b[K\n\u001b[J']);
  });

  it('[RTS-37] elsewhere there is no escape sequence', () => {
    const written: string[] = [];
    const redraw = new Redraw({ write: text => written.push(text) });
    redraw.draw('a');
    redraw.draw('a');
    redraw.draw('b');
    expect(written).toEqual(['a\n', 'b\n']);
  });
});
