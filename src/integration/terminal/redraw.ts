/** Whatever can be written to: `process.stdout`, or a list in a test. */
export interface TextSink {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
}

/**
 * Draws a text in place, over the one before. Where the output is no terminal, nothing is overwritten: only a text that
 * differs from the last is written, as it is.
 */
export class Redraw {
  readonly #sink: TextSink;
  #last = '';
  #lines = 0;

  constructor(sink: TextSink) {
    this.#sink = sink;
  }

  draw(text: string): void {
    if (text === this.#last) return;
    this.#last = text;
    if (!this.#sink.isTTY) {
      this.#sink.write(`${text}\n`);
      return;
    }
    // Up to the first line, then each line cleared to its end, and everything below cleared.
    const up = this.#lines === 0 ? '' : `\u001b[${this.#lines}A`;
    this.#sink.write(`${up}\r${text.replaceAll('\n', '\u001b[K\n')}\u001b[K\n\u001b[J`);
    this.#lines = text.split('\n').length;
  }
}
