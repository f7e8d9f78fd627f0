import type { EventEmitter } from 'node:events';
import { describe, expect, expectTypeOf, it } from 'vitest';
import type { WebSocket as WsSocket } from 'ws';
import * as sessionchart from '../../../src/index.ts';
import { clockContract } from '../../../src/integration/testing/clock-contract.ts';
import {
  type ContractStrictness,
  ContractViolation,
  contractCase,
  describeContract,
  runContract,
} from '../../../src/integration/testing/contract.ts';
import type { FakeSocket } from '../../../src/integration/testing/fake-socket.ts';
import { loggerContract } from '../../../src/integration/testing/logger-contract.ts';
import { credentialProviderContract } from '../../../src/integration/testing/provider-contract.ts';
import { createSocketPair } from '../../../src/integration/testing/socket-pair.ts';
import { configurationSourceContract } from '../../../src/integration/testing/source-contract.ts';
import { purgeableStoreContract } from '../../../src/integration/testing/store-contract.ts';

const invalid = expect.objectContaining({ code: 'INVALID_CONFIG' });

const CASES = [
  contractCase('PROV-1', 'holds', () => undefined),
  contractCase('PROV-2', 'is broken', async violated => violated('it did this', 'Do that.')),
  contractCase('PROV-3', 'cannot be judged', () => 'nothing came'),
  contractCase('PROV-4', 'meets a test bed that does not work', () => {
    throw new TypeError('of the test bed');
  }),
  contractCase('PROV-5', 'meets one that throws no error', () => Promise.reject('text')),
];

it('[TST-14] the report tells what held, what is broken and what was not judged', async () => {
  const report = await runContract(CASES);
  expect(report).toMatchObject({
    isKept: false,
    held: ['PROV-1'],
    notJudged: [{ rule: 'PROV-3', why: 'nothing came' }],
  });
  expect(report.broken.map(({ rule, error }) => [rule, error.message])).toEqual([
    ['PROV-2', '[PROV-2] it did this. Do that.'],
    ['PROV-4', expect.stringContaining('[PROV-4] it could not be judged: TypeError was thrown. Mend what')],
    ['PROV-5', expect.stringContaining('[PROV-5] it could not be judged: a string was thrown.')],
  ]);
  expect(report.broken[1]?.error.cause).toEqual(new TypeError('of the test bed'));
  expectTypeOf(report.broken).items.toHaveProperty('error').toEqualTypeOf<ContractViolation>();
  expect(await runContract(CASES.slice(0, 1))).toEqual({ isKept: true, held: ['PROV-1'], broken: [], notJudged: [] });
});

it('[TST-14] every case becomes a test of the framework', async () => {
  const made: string[] = [];
  const bodies: (() => Promise<void>)[] = [];
  describeContract('mine', CASES.slice(0, 3), {
    describe: (title, body) => {
      made.push(title);
      body();
    },
    it: (title, body) => {
      made.push(title);
      bodies.push(body);
    },
  });
  expect(made).toEqual(['mine', '[PROV-1] holds', '[PROV-2] is broken', '[PROV-3] cannot be judged']);
  const outcomes = await Promise.allSettled(bodies.map(body => body()));
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(
    bodies.map(({ length }) => length),
    'jest and mocha take a parameter for a callback',
  ).toEqual([0, 0, 0]);
});

it('[TST-14] what was not judged is skipped with its reason, where a test can skip itself', async () => {
  type Body = (this: unknown, ...context: unknown[]) => Promise<void>;
  const bodies: Body[] = [];
  const framework = {
    describe: (_: string, body: () => void) => body(),
    it: (_: string, body: Body) => bodies.push(body),
  };
  describeContract('mine', CASES.slice(0, 3), framework);
  const [holds, , unjudged] = bodies as [Body, Body, Body];
  const skipped: unknown[] = [];
  const context = { skip: (why: unknown) => void skipped.push(why) };
  await holds.call(undefined, context);
  expect(skipped).toEqual([]);
  await unjudged.call(undefined, context); // vitest and node:test hand it over
  await unjudged.call(
    undefined,
    Object.assign(() => undefined, context),
  ); // that of vitest is a function
  await unjudged.call(context); // mocha binds it
  expect(skipped).toEqual(Array.from({ length: 3 }, () => 'not judged: nothing came'));
  for (const other of [{}, undefined, 7, { skip: 'no function' }]) await unjudged.call(other, other);
});

describeContract('[TST-14] as a test of vitest', CASES.slice(2, 3), { describe, it });

it('[TST-14] with strict what is not judged is broken, but for the rules that are excepted', async () => {
  const cases = CASES.slice(0, 3).filter(({ rule }) => rule !== 'PROV-2');
  expect((await runContract(cases)).isKept).toBe(true);
  expect(await runContract(cases, { strict: true })).toMatchObject({ isKept: false, broken: [] });
  expect((await runContract(cases, { strict: true, except: ['PROV-3'] })).isKept).toBe(true);
  const outcomesOf = async (strictness: ContractStrictness) => {
    const bodies: (() => Promise<void>)[] = [];
    const framework = {
      describe: (_: string, body: () => void) => body(),
      it: (_: string, body: () => Promise<void>) => bodies.push(body),
    };
    describeContract('mine', cases, framework, strictness);
    return Promise.allSettled(bodies.map(body => body()));
  };
  expect(await outcomesOf({ strict: true })).toMatchObject([
    { status: 'fulfilled' },
    { status: 'rejected', reason: { rule: 'PROV-3', seen: 'not judged: nothing came' } },
  ]);
  expect(await outcomesOf({ strict: true, except: ['PROV-3'] })).toMatchObject([
    { status: 'fulfilled' },
    { status: 'fulfilled' },
  ]);
  for (const bad of [{ strict: 1 }, { except: 'PROV-3' }, { except: ['PROV-99'] }, { stricter: true }] as never[]) {
    await expect(runContract(cases, bad)).rejects.toThrow(invalid);
    expect(() => describeContract('mine', cases, { describe: () => undefined, it: () => undefined }, bad)).toThrow(
      invalid,
    );
  }
});

it('[TST-15] a violation is a SessionchartError with its rule, what was seen and what to change', async () => {
  const error = new ContractViolation('PROV-1', 'it did this', 'Do that.');
  expect(error).toBeInstanceOf(sessionchart.SessionchartError);
  expect(error).toMatchObject({
    name: 'ContractViolation',
    code: 'CONTRACT_VIOLATION',
    rule: 'PROV-1',
    seen: 'it did this',
    remediation: 'Do that.',
  });
  expect(sessionchart.isSessionchartError(error, 'CONTRACT_VIOLATION')).toBe(true);
});

it('[TST-17] a bad option names itself and what is allowed', () => {
  const provider = () => ({ mint: () => Promise.reject(new Error('never called')) });
  for (const ms of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
    expect(() => credentialProviderContract(provider, { deadlineMs: ms })).toThrow(invalid);
    expect(() => credentialProviderContract(provider, { abortGraceMs: ms })).toThrow(invalid);
    expect(() => purgeableStoreContract(() => ({}) as never, { deadlineMs: ms })).toThrow(invalid);
  }
  expect(() => credentialProviderContract(provider, { deadlineMs: 0 })).toThrow(
    'deadlineMs is 0; allowed: more than 0 (milliseconds)',
  );
  for (const make of [
    credentialProviderContract,
    clockContract,
    loggerContract,
    purgeableStoreContract,
    configurationSourceContract,
  ] as ((create: never) => unknown)[]) {
    expect(() => make({ mint: () => undefined } as never)).toThrow(
      'create is an object; allowed: a function that makes',
    );
  }
});

it('[TST-17] an option that nobody knows, or of another kind, is refused by its name', () => {
  const provider = () => ({ mint: () => Promise.reject(new Error('never called')) });
  const store = () => ({}) as never;
  const refusals: readonly [() => unknown, string][] = [
    [
      () => credentialProviderContract(provider, { deadline: 3 } as never),
      'deadline is not a known setting; allowed: abort',
    ],
    [() => credentialProviderContract(provider, null as never), 'options is null'],
    [() => credentialProviderContract(provider, { deadlineMs: '5' as never }), 'deadlineMs is "5"'],
    [() => credentialProviderContract(provider, { clock: {} as never }), 'clock.now is undefined; allowed: a function'],
    [() => credentialProviderContract(provider, { close: 5 as never }), 'close is 5; allowed: a function'],
    [
      () => credentialProviderContract(provider, { failing: provider() as never }),
      'failing is an object; allowed: a function that makes a provider that is refused',
    ],
    [() => purgeableStoreContract(store, { deadline: 3 } as never), 'deadline is not a known setting'],
    [() => purgeableStoreContract(store, { clock: 7 as never }), 'clock is 7; allowed: an object with now'],
    [() => clockContract(() => ({}) as never, { advance: 5 } as never), 'advance is 5; allowed: a function that moves'],
    [() => clockContract(() => ({}) as never, { step: 5 } as never), 'step is not a known setting; allowed: advance'],
  ];
  for (const [make, words] of refusals) {
    expect(make).toThrow(invalid);
    expect(make).toThrow(words);
  }
  class MyProvider {
    mint = () => Promise.reject(new Error('never called'));
  }
  expect(() => credentialProviderContract(MyProvider as never)).toThrow(
    'create is a class; allowed: a function that makes a provider, () => new MyProvider() for instance',
  );
});

it('[TST-17] a secret that is no text in a list is refused, and not shown', () => {
  const provider = () => ({ mint: () => Promise.reject(new Error('never called')) });
  for (const [secrets, words] of [
    ['api-key-123', 'secrets is a text of 11 characters; allowed: a list of texts'],
    [['long-enough', 'abc'], 'secrets[1] is a text of 3 characters; allowed: text of 4 characters or more'],
    [[undefined], 'secrets[0] is undefined; allowed: text of 4 characters or more'],
  ] as const) {
    expect(() => credentialProviderContract(provider, { secrets: secrets as never })).toThrow(invalid);
    expect(() => credentialProviderContract(provider, { secrets: secrets as never })).toThrow(words);
  }
});

it('[TST-19] an end fits what is used of a WebSocket without a cast', () => {
  type Seam = Pick<
    WebSocket,
    'send' | 'close' | 'readyState' | 'bufferedAmount' | 'addEventListener' | 'removeEventListener'
  >;
  const connect: () => Seam = () => createSocketPair().client;
  expect(connect().readyState).toBe(1);
  expectTypeOf<FakeSocket['readyState']>().toEqualTypeOf<0 | 1 | 2 | 3>();
  expectTypeOf<FakeSocket>().toMatchTypeOf<Pick<WebSocket, 'onopen' | 'onmessage' | 'onclose' | 'onerror'>>();
  expectTypeOf<FakeSocket>().toMatchTypeOf<Pick<WsSocket, 'send' | 'close' | 'readyState'>>();
});

it('[TST-19] a fake socket is what a WHATWG socket and one of ws have in common', () => {
  /** What code that is written for either may use. */
  interface AnySocket {
    readonly readyState: number;
    readonly bufferedAmount: number;
    send(data: string | ArrayBuffer | Uint8Array<ArrayBuffer>): void;
    close(code?: number, reason?: string): void;
    addEventListener(type: 'open' | 'error', listener: () => void): void;
    addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void;
    addEventListener(
      type: 'close',
      listener: (event: { readonly code: number; readonly reason: string; readonly wasClean: boolean }) => void,
    ): void;
    removeEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void;
  }
  expectTypeOf<FakeSocket>().toMatchTypeOf<AnySocket>();
  expectTypeOf<WebSocket>().toMatchTypeOf<AnySocket>();
  expectTypeOf<WsSocket>().toMatchTypeOf<AnySocket>();
  expectTypeOf<EventEmitter>().not.toMatchTypeOf<AnySocket>();
});
