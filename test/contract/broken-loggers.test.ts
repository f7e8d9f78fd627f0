import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { Logger } from '../../src/actors/ports.ts';
import { Secret } from '../../src/actors/secret.ts';
import { runContract } from '../../src/integration/testing/contract.ts';
import { loggerContract } from '../../src/integration/testing/logger-contract.ts';
import { expectBroken } from './support.ts';

type Write = (message: string, data?: unknown) => void;

const all = (write: Write): Logger => ({ error: write, warn: write, info: write, debug: write });

/** Judges a logger that writes with this function, beside the lines that it returns. */
const broken = (make: (lines: string[]) => Logger | Write) =>
  runContract(
    loggerContract(() => {
      const lines: string[] = [];
      const made = make(lines);
      return { logger: typeof made === 'function' ? all(made) : made, written: () => lines.join('\n') };
    }),
  );

describe('broken loggers', () => {
  it('[LOGGER-1] one without debug() is told', async () => {
    const { debug: _, ...rest } = all(() => undefined);
    expectBroken(await broken(() => rest as Logger), 'LOGGER-1', 'debug missing', 'Give it all four');
  });

  it('[LOGGER-2] one that throws for data that JSON does not take is told', async () => {
    const report = await broken(lines => (message, data) => {
      if (message === 'outer') return;
      lines.push(message, JSON.stringify(data));
    });
    expectBroken(report, 'LOGGER-2', 'error() threw for a BigInt', 'catch what goes wrong');
  });

  it('[LOGGER-3] one that returns a promise is told, and what it rejects with harms nobody', async () => {
    const report = await broken(() => async () => Promise.reject(new Error('disk full')));
    expectBroken(report, 'LOGGER-3', 'returned something', 'nobody waits');
  });

  it('[LOGGER-4] one that writes without end for data that logs while it is read is told', async () => {
    const report = await broken(lines => (message, data) => {
      try {
        lines.push(message, String((data as { again?: unknown } | undefined)?.again));
      } catch {
        lines.push('unreadable');
      }
    });
    expectBroken(report, 'LOGGER-4', 'made it write lines without end', 'A getter or a toJSON() of the data may log');
    const throws = await broken(() => {
      let isInside = false;
      return (message, data) => {
        if (isInside) throw new Error('not again');
        isInside = true;
        try {
          if (message === 'outer') void (data as { again: unknown }).again;
        } finally {
          isInside = false;
        }
      };
    });
    expectBroken(throws, 'LOGGER-4', 'it threw for data that logs while it is read');
  });

  it('[LOGGER-5] one that changes or keeps what it is handed is told', async () => {
    const changes = await broken(() => (_, data) => {
      if (isPlain(data)) data.seen = true;
    });
    expectBroken(changes, 'LOGGER-5', 'data was changed');
    const keeps = await runContract(
      loggerContract(() => {
        const kept: unknown[] = [];
        return { logger: all((_, data) => void kept.push(data)), written: () => inspect(kept, { depth: 3 }) };
      }),
    );
    expectBroken(keeps, 'LOGGER-5', 'changes with the data', 'a copy');
  });

  it('[LOGGER-6] one that reveals secrets is told, and the message does not repeat them', async () => {
    const report = await broken(lines => (message, data) => {
      lines.push(message, data instanceof Secret ? data.reveal() : '');
    });
    expectBroken(report, 'LOGGER-6', 'in clear', 'reveal()');
    expect(report.broken[0]?.error.message).not.toContain('canary');
  });
});

const isPlain = (data: unknown): data is Record<string, unknown> =>
  typeof data === 'object' && data !== null && Object.hasOwn(data, 'nested');
