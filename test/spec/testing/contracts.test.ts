import type { EventEmitter } from 'node:events';
import { expect, expectTypeOf, it } from 'vitest';
import type { WebSocket as WsSocket } from 'ws';
import * as sessionchart from '../../../src/index.ts';
import { clockContract } from '../../../src/integration/testing/clock-contract.ts';
import {
  ContractViolation,
  contractCase,
  describeContract,
  runContract,
} from '../../../src/integration/testing/contract.ts';
import type { FakeSocket } from '../../../src/integration/testing/fake-socket.ts';
import { loggerContract } from '../../../src/integration/testing/logger-contract.ts';
import { credentialProviderContract } from '../../../src/integration/testing/provider-contract.ts';
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
    ['PROV-4', 'of the test bed'],
    ['PROV-5', 'threw string'],
  ]);
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
});

it('[TST-15] a violation is a SessionchartError with its rule, what was seen and what to change', async () => {
  const error = new ContractViolation('PROV-1', 'it did this', 'Do that.');
  expect(error).toBeInstanceOf(sessionchart.SessionchartError);
  expect(error).toMatchObject({
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
