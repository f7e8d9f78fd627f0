import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { Logger } from '../../src/actors/ports.ts';
import { Secret } from '../../src/actors/secret.ts';
import { runContract } from '../../src/integration/testing/contract.ts';
import { loggerContract } from '../../src/integration/testing/logger-contract.ts';
import { expectBroken, expectReportKept } from './support.ts';

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
    const without = (lines: string[]): Logger => {
      const { debug: _, ...rest } = all(message => void lines.push(message));
      return rest as Logger;
    };
    expectBroken(await broken(without), 'LOGGER-1', 'debug missing', 'Give it all four');
  });

  it('[LOGGER-2] one that throws for data that JSON does not take is told', async () => {
    const report = await broken(lines => (message, data) => {
      if (message === 'outer') return;
      lines.push(message, JSON.stringify(data));
    });
    expectBroken(report, 'LOGGER-2', 'error() threw for a BigInt', 'catch what goes wrong');
  });

  it('[LOGGER-3] one that returns a promise is told, and what it rejects with harms nobody', async () => {
    const report = await broken(lines => async message => {
      lines.push(message);
      throw new Error('disk full');
    });
    expectBroken(report, 'LOGGER-3', 'returned a promise', 'nobody waits');
  });

  it('[LOGGER-3] one that returns itself, or what it wrote to, does no harm', async () => {
    const chained = await broken(lines => {
      const write = (message: string): unknown => {
        lines.push(message);
        return logger;
      };
      const logger = all(write as Write);
      return logger;
    });
    expectReportKept(chained);
    expectReportKept(await broken(lines => ((message: string) => lines.push(message)) as unknown as Write));
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
    const throws = await broken(lines => {
      let isInside = false;
      return (message, data) => {
        lines.push(message);
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
    const changes = await broken(lines => (message, data) => {
      lines.push(message);
      if (isPlain(data)) data.seen = true;
    });
    expectBroken(changes, 'LOGGER-5', 'data was changed');
    const keeps = await runContract(
      loggerContract(() => {
        const kept: unknown[] = [];
        return {
          logger: all((message, data) => void kept.push(message, data)),
          written: () => inspect(kept, { depth: 3 }),
        };
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

  it.each<[string, (data: unknown) => unknown]>([
    ['a Map', data => (data instanceof Map ? [...data.values()][0] : undefined)],
    [
      'the cause of an error',
      data => (data instanceof Error ? (data.cause as { token?: unknown } | undefined)?.token : undefined),
    ],
    ['a property of an error', data => (data instanceof Error ? (data as { key?: unknown }).key : undefined)],
  ])('[LOGGER-6] one that reveals a secret in %s is told', async (_, find) => {
    const report = await broken(lines => (message, data) => {
      const found = find(data);
      lines.push(message, found instanceof Secret ? found.reveal() : '');
    });
    expectBroken(report, 'LOGGER-6', 'in clear');
  });

  it('[LOGGER-7] one that loses messages or a level, or writes nothing, is told', async () => {
    const lost = await broken(lines => (_, data) => void lines.push(typeof data));
    expectBroken(lost, 'LOGGER-7', 'the messages of error(), warn(), info(), debug() were not written');
    const level = await broken(lines => ({ ...all(message => void lines.push(message)), error: () => undefined }));
    expectBroken(level, 'LOGGER-7', 'the messages of error() were not written', 'chattiest level');
    expectBroken(await broken(() => () => undefined), 'LOGGER-7', 'leave `written` out');
    const later = await broken(lines => message => queueMicrotask(() => lines.push(message)));
    expect(later.held, 'a moment later is in time').toContain('LOGGER-7');
  });
});

const isPlain = (data: unknown): data is Record<string, unknown> =>
  typeof data === 'object' && data !== null && Object.hasOwn(data, 'nested');
