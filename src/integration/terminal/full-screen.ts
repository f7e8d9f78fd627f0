import { type Line, paintLine } from './paint.ts';
import type { TextSink } from './redraw.ts';

// The other screen, so that what was there comes back; no cursor; no new line where a line is full.
const ENTER = '\u001b[?1049h\u001b[?25l\u001b[?7l\u001b[2J';
const LEAVE = '\u001b[?7h\u001b[?25h\u001b[?1049l';
/** Terminals that know it show all changes at once. */
const HOLD = '\u001b[?2026h';
const SHOW = '\u001b[?2026l';

/** The whole of a terminal. Only lines that changed are written; each must be as wide as the terminal, as nothing is erased. */
export class FullScreen {
  readonly #sink: TextSink;
  readonly #color: boolean;
  #shown: string[] = [];
  #isEntered = false;

  constructor(sink: TextSink, color: boolean) {
    this.#sink = sink;
    this.#color = color;
  }

  enter(): void {
    if (this.#isEntered) return;
    this.#isEntered = true;
    this.#shown = [];
    this.#sink.write(ENTER);
  }

  /** Gives back the terminal as it was. May be called at any time, and more than once. */
  leave(): void {
    if (!this.#isEntered) return;
    this.#isEntered = false;
    this.#sink.write(LEAVE);
  }

  /** What is on the terminal is not known any more, after another size for one. */
  forget(): void {
    this.#shown = [];
  }

  draw(lines: readonly Line[]): void {
    if (!this.#isEntered) return;
    const fresh = lines.map(line => paintLine(line, this.#color));
    const isAnew = this.#shown.length !== fresh.length;
    const changes = fresh.flatMap((text, index) =>
      !isAnew && text === this.#shown[index] ? [] : [`\u001b[${index + 1};1H${text}`],
    );
    if (changes.length === 0) return;
    this.#shown = fresh;
    this.#sink.write(`${HOLD}${isAnew ? '\u001b[2J' : ''}${changes.join('')}${SHOW}`);
  }
}
