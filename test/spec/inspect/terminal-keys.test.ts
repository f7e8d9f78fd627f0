import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KeyDecoder } from '../../../src/integration/command/terminal/key-decoder.ts';

const decoded = (...pieces: readonly string[]) => {
  const decoder = new KeyDecoder();
  return [...pieces.flatMap(piece => decoder.feed(piece)), ...decoder.flush()];
};
const names = (...pieces: readonly string[]) => decoded(...pieces).map(({ name }) => name);

describe('keys of a terminal', () => {
  it.each([
    ['\u001b[A', 'up'],
    ['\u001bOA', 'up'],
    ['\u001b[B', 'down'],
    ['\u001b[C', 'right'],
    ['\u001b[D', 'left'],
    ['\u001b[1;5A', 'up'],
    ['\u001b[H', 'home'],
    ['\u001b[1~', 'home'],
    ['\u001b[7~', 'home'],
    ['\u001bOF', 'end'],
    ['\u001b[4~', 'end'],
    ['\u001b[8~', 'end'],
    ['\u001b[5~', 'pageup'],
    ['\u001b[6;2~', 'pagedown'],
    ['\r', 'enter'],
    ['\n', 'enter'],
    ['\t', 'tab'],
    ['\u007f', 'backspace'],
    ['\b', 'backspace'],
    ['\u0003', 'interrupt'],
    ['\u001a', 'suspend'],
    ['\u000c', 'redraw'],
    ['\u0015', 'clear'],
    ['\u001b', 'escape'],
    [' ', 'space'],
    ['/', 'search'],
    ['?', 'help'],
    ['G', 'G'],
    ['x', 'other'],
    ['é', 'other'],
    ['👍', 'other'],
  ])('[INS-96] %j is %s', (sequence, name) => {
    expect(names(sequence)).toEqual([name]);
  });

  it('[INS-96] keys that write something tell what', () => {
    expect(decoded('aj 👍\u001b[A').map(({ text }) => text)).toEqual(['a', 'j', ' ', '👍', '']);
  });

  it('[INS-96] what means nothing is no key', () => {
    expect(names('\u0001', '\u001b[Z', '\u001b[200~', '\u001b[?1;2c', '\u001b[99')).toEqual(['escape']);
  });

  it('[INS-96] a sequence may come in any pieces', () => {
    const sequences = ['\u001b[A', '\u001b[6~', 'j', '\u001bOH', 'é', '\u001b[1;5B'];
    const isTheSame = fc.property(
      fc.array(fc.constantFrom(...sequences), { minLength: 1, maxLength: 5 }).map(each => each.join('')),
      fc.nat(20),
      (typed, cut) => {
        expect(names(typed.slice(0, cut), typed.slice(cut))).toEqual(names(typed));
      },
    );
    fc.assert(isTheSame);
  });

  it('[INS-96] a lone ESC waits for what may follow, and is a key when nothing does', () => {
    const decoder = new KeyDecoder();
    expect(decoder.feed('\u001b')).toEqual([]);
    expect(decoder.pending).toBe(true);
    expect(decoder.feed('[A')).toMatchObject([{ name: 'up' }]);
    expect(decoder.pending).toBe(false);
    expect(names('\u001b', 'j')).toEqual(['escape', 'j']);
    expect(names('\u001b\u001b[A')).toEqual(['escape', 'up']);
    expect(decoder.flush()).toEqual([]);
  });
});
