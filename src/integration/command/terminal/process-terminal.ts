import type { ReadStream, WriteStream } from 'node:tty';
import type { Size } from './picture.ts';

/** A terminal: what is typed, what is shown, how large it is. */
export interface Terminal {
  readonly size: Size;
  readonly color: boolean;
  write(text: string): void;
  /** Takes over what is typed, letter by letter. Returns what gives it back. */
  listen(ends: { onText(text: string): void; onResize(): void }): () => void;
  /** Puts the program into the background; goes on when it is brought back. */
  suspend(onBack: () => void): void;
}

const SMALLEST: Size = { columns: 20, lines: 5 };

/** The terminal of this process. */
export function processTerminal(input: ReadStream, output: WriteStream, env: NodeJS.ProcessEnv): Terminal {
  return {
    get size() {
      return {
        columns: Math.max(SMALLEST.columns, output.columns ?? 80),
        lines: Math.max(SMALLEST.lines, output.rows ?? 24),
      };
    },
    color: !env.NO_COLOR,
    write: text => void output.write(text),
    listen({ onText, onResize }) {
      input.setRawMode(true);
      input.setEncoding('utf8');
      input.on('data', onText);
      input.resume();
      output.on('resize', onResize);
      return () => {
        input.off('data', onText);
        output.off('resize', onResize);
        input.setRawMode(false);
        // Else it would keep the process alive.
        input.pause();
      };
    },
    suspend(onBack) {
      input.setRawMode(false);
      process.once('SIGCONT', () => {
        input.setRawMode(true);
        onBack();
      });
      process.kill(process.pid, 'SIGTSTP');
    },
  };
}
