const LETTERS = ['j', 'k', 'h', 'l', 'g', 'G', 'f', 'F', 'o', 'O', 'e', 's', 'q', 'r'] as const;

/** A key by what it is for; one that writes something and is for nothing is `other`. */
export type KeyName =
  | ('up' | 'down' | 'left' | 'right' | 'pageup' | 'pagedown' | 'home' | 'end')
  | ('enter' | 'escape' | 'tab' | 'backspace' | 'interrupt' | 'suspend' | 'redraw' | 'clear')
  | ('space' | 'search' | 'help' | 'other')
  | (typeof LETTERS)[number];

export interface Key {
  readonly name: KeyName;
  /** What it writes where text is asked for; empty for a key that writes nothing. */
  readonly text: string;
}

const ESCAPE = '\u001b';
/** What follows ESC in the sequences of xterm and its kin. */
const SEQUENCES: Readonly<Record<string, KeyName>> = {
  A: 'up',
  B: 'down',
  C: 'right',
  D: 'left',
  H: 'home',
  F: 'end',
  '1~': 'home',
  '4~': 'end',
  '5~': 'pageup',
  '6~': 'pagedown',
  '7~': 'home',
  '8~': 'end',
};
const CONTROLS: Readonly<Record<string, KeyName>> = {
  '\r': 'enter',
  '\n': 'enter',
  '\t': 'tab',
  '\u007f': 'backspace',
  '\b': 'backspace',
  '\u0003': 'interrupt',
  '\u000c': 'redraw',
  '\u0015': 'clear',
  '\u001a': 'suspend',
};
const SIGNS: Readonly<Record<string, KeyName>> = { ' ': 'space', '/': 'search', '?': 'help' };
/** What follows ESC: `[` or `O`, parameters, and a letter or `~`. */
const SEQUENCE = /^[[O]([\d;?]*[A-Za-z~]?)/;
/** As much of that as may still be completed. */
const BEGINNING = /^(?:[[O][\d;?]*)?$/;

/**
 * Makes keys of what a terminal in raw mode sends. A sequence may come in pieces: what is left is kept for the next
 * piece, and {@link flush} says that there will be none, so that a lone ESC is the key.
 */
export class KeyDecoder {
  #rest = '';

  /** Whether something is kept that may yet become a sequence. */
  get pending(): boolean {
    return this.#rest !== '';
  }

  feed(piece: string): Key[] {
    const keys: Key[] = [];
    let text = this.#rest + piece;
    this.#rest = '';
    while (text !== '') {
      if (text.startsWith(ESCAPE)) {
        const tail = text.slice(ESCAPE.length);
        if (BEGINNING.test(tail)) {
          this.#rest = text;
          break;
        }
        const [whole = '', body] = SEQUENCE.exec(tail) ?? [];
        // ESC and something that goes on no sequence: the key, and the next.
        if (body === undefined) keys.push({ name: 'escape', text: '' });
        else keys.push(...known(body));
        text = tail.slice(whole.length);
        continue;
      }
      const [letter = ''] = text;
      keys.push(...keyOf(letter));
      text = text.slice(letter.length);
    }
    return keys;
  }

  flush(): Key[] {
    const rest = this.#rest;
    this.#rest = '';
    return rest === '' ? [] : [{ name: 'escape', text: '' }];
  }
}

/** With a modifier (`1;5A`) a key is what it is without. */
function known(body: string): Key[] {
  const name = SEQUENCES[body.replace(/^\d+;\d+(?=[A-Z])/, '').replace(/;\d+(?=~)/, '')];
  return name === undefined ? [] : [{ name, text: '' }];
}

function keyOf(letter: string): Key[] {
  const control = CONTROLS[letter];
  if (control !== undefined) return [{ name: control, text: '' }];
  if (/\p{Cc}/u.test(letter)) return [];
  const name = SIGNS[letter] ?? LETTERS.find(each => each === letter) ?? 'other';
  return [{ name, text: letter }];
}
