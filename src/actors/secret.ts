import { inspect } from 'node:util';

const REDACTED = '[redacted]';

/**
 * A secret that prints as `[redacted]` everywhere: in `JSON.stringify`, `util.inspect`, template strings and
 * structured clones. Only {@link Secret.reveal} yields the text; call it at the port that sends it, nowhere else.
 *
 * @example
 * ```ts
 * const secret = manager.credentialFor(sessionId);
 * const socket = new WebSocket(url, { headers: { authorization: `Bearer ${secret?.reveal()}` } });
 * ```
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The secret itself. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return REDACTED;
  }

  toJSON(): string {
    return REDACTED;
  }

  [Symbol.toPrimitive](): string {
    return REDACTED;
  }

  [inspect.custom](): string {
    return REDACTED;
  }
}
