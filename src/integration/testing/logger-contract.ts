import { isDeepStrictEqual } from 'node:util';
import type { Logger } from '../../actors/ports.ts';
import { Secret } from '../../actors/secret.ts';
import { checkFactory } from './checks.ts';
import { type ContractCase, contractCase, contractOf, given } from './contract.ts';
import { kind } from './provider-judgements.ts';

/** A logger, and where one can look at what it wrote. */
export interface LoggerUnderTest {
  readonly logger: Logger;
  /** Everything that it has written by now, of all levels. Without it nothing is said of what it writes. */
  written?(): string;
}

const LEVELS = ['error', 'warn', 'info', 'debug'] as const;
const CANARY = 'canary-5f3a9c1e-not-to-be-written';
/** Calls after which a logger that calls itself is stopped. */
const MOST_CALLS = 50;

/** Data that a logger meets in bad times. Each is made anew. */
const HOSTILE: Readonly<Record<string, () => unknown>> = {
  'nothing at all': () => undefined,
  null: () => null,
  'a BigInt': () => ({ count: 12n }),
  'a symbol and a function': () => ({ symbol: Symbol('s'), call: () => undefined }),
  'data that contains itself': () => {
    const data: Record<string, unknown> = {};
    data.self = [data];
    return data;
  },
  'a getter that throws': () => ({
    get broken(): string {
      throw new Error('no');
    },
  }),
  'a proxy that throws': () =>
    new Proxy(
      {},
      {
        get: () => {
          throw new Error('no');
        },
        ownKeys: () => {
          throw new Error('no');
        },
      },
    ),
  'a toJSON() that throws': () => ({
    toJSON: () => {
      throw new Error('no');
    },
  }),
  'an invalid date': () => ({ at: new Date(Number.NaN) }),
  'an error that is its own cause': () => {
    const error = new Error('outer');
    error.cause = error;
    return error;
  },
  'a text of a million characters': () => 'x'.repeat(1_000_000),
  'nesting a thousand levels deep': () => {
    let data: unknown = 0;
    for (let i = 0; i < 1_000; i++) data = { data };
    return data;
  },
  'an object without a prototype': () => Object.assign(Object.create(null), { a: 1 }),
};

/** Logs one line. What a promise rejects with that should not be there is not the matter of the suite. */
function tell(logger: Logger, level: (typeof LEVELS)[number], message: string, ...data: readonly unknown[]): unknown {
  const answer: unknown = logger[level]?.(message, ...data);
  if (answer instanceof Promise) answer.catch(() => undefined);
  return answer;
}

/**
 * The contract of a {@link Logger}, rules LOGGER-0 to LOGGER-7 of SPEC.md.
 *
 * @example
 * ```ts
 * const make = () => {
 *   const lines: string[] = [];
 *   return { logger: createLogger({ level: 'debug', sink: r => lines.push(JSON.stringify(r)) }), written: () => lines.join('\n') };
 * };
 * describeContract('my logger', loggerContract(make), { describe, it });
 * ```
 */
export function loggerContract(create: () => LoggerUnderTest): ContractCase[] {
  checkFactory('create', create, 'a logger, and tells what it wrote');
  const isTotal = 'A log line must not break what it tells of: catch what goes wrong, and write what can be written.';

  return contractOf(groundwork(create), [
    contractCase('LOGGER-1', 'there are error(), warn(), info() and debug()', violated => {
      const { logger } = create();
      const missing = LEVELS.filter(level => typeof logger?.[level] !== 'function');
      if (missing.length > 0)
        violated(`${missing.join(', ')} missing`, 'Give it all four; one that writes nothing will do.');
    }),
    contractCase('LOGGER-2', 'no data makes it throw', violated => {
      const { logger } = create();
      for (const [name, make] of Object.entries(HOSTILE)) {
        for (const level of LEVELS) {
          try {
            tell(logger, level, 'hostile', make());
          } catch {
            violated(`${level}() threw for ${name}`, isTotal);
          }
        }
      }
    }),
    contractCase('LOGGER-3', 'it is done when it returns', violated => {
      const { logger } = create();
      for (const level of LEVELS) {
        const answer: unknown = tell(logger, level, 'plain');
        // What else it returns, itself for instance, nobody looks at.
        if (!isThenable(answer)) continue;
        violated(
          `${level}() returned a promise`,
          'Return nothing: nobody waits for a promise or looks at what it rejects with.',
        );
      }
    }),
    contractCase('LOGGER-4', 'data that logs while it is read does no harm', violated => {
      const { logger } = create();
      let calls = 0;
      const data = {
        get again(): string {
          calls += 1;
          if (calls < MOST_CALLS) tell(logger, 'warn', 'from within', data);
          return 'read';
        },
      };
      try {
        tell(logger, 'warn', 'outer', data);
      } catch {
        violated('it threw for data that logs while it is read', isTotal);
      }
      const remedy =
        'A getter or a toJSON() of the data may log, and so call the logger again before it has returned: drop such a line.';
      if (calls >= MOST_CALLS) violated('data that logs while it is read made it write lines without end', remedy);
    }),
    contractCase('LOGGER-5', 'data is left as it is, and not kept', violated => {
      const { logger, written } = create();
      const data = { list: [1], nested: { text: 'as it was' }, secret: new Secret(CANARY) };
      const before = { list: [1], nested: { text: 'as it was' }, secret: data.secret };
      for (const level of LEVELS) tell(logger, level, 'kept?', data);
      const remedy = 'Write a copy, made when the line is logged; leave what you are handed alone.';
      if (!isDeepStrictEqual(data, before)) violated('data was changed', remedy);
      const atFirst = written?.();
      data.nested.text = 'as it is now';
      data.list.push(2);
      if (written?.() !== atFirst) violated('what was written changes with the data it was made from', remedy);
    }),
    contractCase('LOGGER-6', 'a Secret is not written in clear', async violated => {
      const { logger, written } = create();
      if (written === undefined) return 'give `written` to look at what it writes';
      for (const level of LEVELS) {
        tell(logger, level, `as text ${new Secret(CANARY)}`, new Secret(CANARY));
        tell(logger, level, 'nested', { credential: new Secret(CANARY), list: [new Secret(CANARY)] });
        tell(logger, level, 'in collections', new Map([['token', new Secret(CANARY)]]), new Set([new Secret(CANARY)]));
        const error = Object.assign(new Error('outer', { cause: { token: new Secret(CANARY) } }), {
          key: new Secret(CANARY),
        });
        tell(logger, level, 'in an error', error);
        tell(logger, level, 'deeper', { error, map: new Map([['token', { inner: new Secret(CANARY) }]]) });
      }
      await moment();
      const remedy = 'Print it as it prints itself, with JSON or util.inspect; call reveal() only where it is sent.';
      if (written().includes(CANARY)) violated('a Secret was written in clear', remedy);
    }),
    contractCase('LOGGER-7', 'what it is told is written, on all levels', async violated => {
      const { logger, written } = create();
      if (written === undefined) return 'give `written` to look at what it writes';
      const levels = LEVELS.filter(level => typeof logger[level] === 'function');
      for (const level of levels) tell(logger, level, `told as ${level}`, { at: level });
      await moment();
      const text = written();
      const lost = levels.filter(level => !text.includes(`told as ${level}`));
      if (lost.length === 0) return;
      const remedy =
        'Write the message of each line. Make the logger with its chattiest level; where it is to write nothing, leave `written` out.';
      violated(`the messages of ${lost.map(level => `${level}()`).join(', ')} were not written`, remedy);
    }),
  ]);
}

function isThenable(value: unknown): boolean {
  return typeof (value as { readonly then?: unknown } | null | undefined)?.then === 'function';
}

/** Loggers may write a moment later. */
const moment = (): Promise<void> => new Promise(resolve => setImmediate(resolve));

/** Whether what the suite was given is a logger at all. */
function groundwork(create: () => LoggerUnderTest): ContractCase {
  return contractCase('LOGGER-0', 'the suite is given a function that makes a logger', async violated => {
    const under: unknown = await given(violated, 'create()', create);
    const { logger, written } = (under ?? {}) as Partial<LoggerUnderTest>;
    const remedy = 'Let create() return { logger, written }, where written() returns all that was written, as text.';
    if (typeof logger !== 'object' || logger === null) violated(`create() gave no logger (${kind(logger)})`, remedy);
    if (written === undefined) return;
    if (typeof written !== 'function') violated('written is no function', remedy);
    const text: unknown = await given(violated, 'written()', () => (under as Required<LoggerUnderTest>).written());
    if (typeof text !== 'string') violated(`written() returned ${kind(text)}, not text`, remedy);
  });
}
