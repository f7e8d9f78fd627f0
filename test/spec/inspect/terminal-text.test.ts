import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FullScreen } from '../../../src/integration/terminal/full-screen.ts';
import {
  clipLine,
  fitLine,
  lineWidth,
  paintLine,
  type Span,
  type Style,
  span,
} from '../../../src/integration/terminal/paint.ts';
import { clip, displayWidth, inColumns, plain, wrapped } from '../../../src/integration/terminal/text.ts';

const text = fc.string({ unit: 'grapheme', maxLength: 30 });
const width = fc.integer({ min: 0, max: 40 });

describe('text on a terminal', () => {
  it.each([
    ['abc', 3],
    ['日本', 4],
    ['한', 2],
    ['e\u0301', 1],
    ['👩‍👩‍👧', 2],
    ['🇩🇪', 2],
    ['❤️', 2],
    ['…', 1],
    ['\u200b', 0],
  ])('[INS-94] %j takes %i columns', (each, columns) => {
    expect(displayWidth(each)).toBe(columns);
  });

  it('[INS-94] what is cut or padded takes the columns that it was given', () => {
    const fits = fc.property(text, width, (each, columns) => {
      const shown = plain(each);
      expect(displayWidth(clip(shown, columns))).toBeLessThanOrEqual(columns);
      expect(displayWidth(inColumns(shown, columns, 'right'))).toBe(columns);
      for (const line of wrapped(shown, columns)) expect(displayWidth(line)).toBeLessThanOrEqual(columns);
    });
    fc.assert(fits);
    expect([clip('日本語', 4), inColumns('日本語', 4), clip('abc', 0)]).toEqual(['日…', '日… ', '']);
    expect(wrapped('one two  three', 7)).toEqual(['one two', 'three']);
  });

  it('[INS-94] nothing from outside acts on the terminal', () => {
    const hostile = 'a\u001b]0;title\u0007\u001b[2Jb\u009b31m\r\n\u202ec\u2066\u2028\ud800d';
    expect(plain(hostile)).toBe('abcd');
    const isHarmless = fc.property(fc.string({ unit: 'binary' }), each => {
      expect(span(each).text).not.toMatch(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/u);
    });
    fc.assert(isHarmless);
  });
});

describe('lines', () => {
  const styles: readonly Style[] = ['plain', 'bold', 'red', 'inverse'];
  const line = fc.array(fc.record({ text: text.map(plain), style: fc.constantFrom(...styles) }), { maxLength: 5 });

  it('[INS-94] a line is cut or padded to a width, whatever its pieces are', () => {
    const fits = fc.property(line, width, (each, columns) => {
      expect(lineWidth(clipLine(each, columns))).toBeLessThanOrEqual(columns);
      expect(lineWidth(fitLine(each, columns))).toBe(columns);
    });
    fc.assert(fits);
    expect(clipLine([span('abc'), span('def')], 3)).toEqual([span('ab…')]);
    expect(clipLine([span('abc'), span('def')], 4)).toEqual([span('abc'), span('…')]);
  });

  it('[INS-94] without colours there is weight and inversion, and the same text', () => {
    const pieces: Span[] = [span('a', 'red'), span('b', 'bold'), span('c', 'inverse'), span('d')];
    expect(paintLine(pieces, false)).toBe('a\u001b[1mb\u001b[0m\u001b[7mc\u001b[0md');
    expect(paintLine(pieces, true)).toContain('\u001b[31ma\u001b[0m');
    expect(stripVTControlCharacters(paintLine(pieces, true))).toBe('abcd');
  });
});

describe('full screen', () => {
  const setUp = () => {
    const written: string[] = [];
    return { written, screen: new FullScreen({ write: each => written.push(each) }, false) };
  };
  const HOLD = '\u001b[?2026h';
  const SHOW = '\u001b[?2026l';

  it('[INS-99] only lines that changed are written, all at once', () => {
    const { written, screen } = setUp();
    screen.enter();
    written.length = 0;
    screen.draw([[span('a')], [span('b')]]);
    screen.draw([[span('a')], [span('c')]]);
    screen.draw([[span('a')], [span('c')]]);
    expect(written).toEqual([`${HOLD}\u001b[2J\u001b[1;1Ha\u001b[2;1Hb${SHOW}`, `${HOLD}\u001b[2;1Hc${SHOW}`]);
  });

  it('[INS-99] after another size everything is written', () => {
    const { written, screen } = setUp();
    screen.enter();
    screen.draw([[span('a')]]);
    screen.forget();
    written.length = 0;
    screen.draw([[span('a')]]);
    expect(written).toEqual([`${HOLD}\u001b[2J\u001b[1;1Ha${SHOW}`]);
  });

  it('[INS-99] the terminal is taken once and given back once, and not drawn on before and after', () => {
    const { written, screen } = setUp();
    screen.draw([[span('early')]]);
    screen.leave();
    screen.enter();
    screen.enter();
    screen.leave();
    screen.leave();
    screen.draw([[span('late')]]);
    expect(written).toEqual(['\u001b[?1049h\u001b[?25l\u001b[?7l\u001b[2J', '\u001b[?7h\u001b[?25h\u001b[?1049l']);
  });
});
