import { expect, it, vi } from 'vitest';
import { VirtualClock } from '../../../src/integration/testing/virtual-clock.ts';
import { consoleLogger, createLogger, type LogRecord, silentLogger } from '../../../src/services/logger.ts';
import { CANARY } from './support.ts';

function kept(level?: 'debug' | 'info' | 'warn' | 'error' | 'silent') {
  const records: LogRecord[] = [];
  const logger = createLogger({ ...(level && { level }), sink: record => void records.push(record), name: 'test' });
  return { logger, records };
}

it('[LOG-7] a logger passes on its own level and what is more serious', () => {
  const levels = ['debug', 'info', 'warn', 'error'] as const;
  for (const [at, level] of [...levels, 'silent' as const].entries()) {
    const { logger, records } = kept(level);
    for (const each of levels) logger[each](each);
    expect(records.map(record => record.level)).toEqual(levels.slice(at));
  }
});

it('[LOG-7] a line has time, level, name, message and data, and info is the default level', () => {
  const records: LogRecord[] = [];
  const logger = createLogger({ sink: record => void records.push(record), name: 'test', clock: new VirtualClock() });
  logger.debug('not shown');
  logger.info('hello', { n: 1 });
  expect(records).toEqual([
    { time: '2026-01-01T00:00:00.000Z', level: 'info', name: 'test', message: 'hello', data: { n: 1 } },
  ]);
});

it('[D14] message and data reach the sink without secrets', () => {
  const { logger, records } = kept();
  logger.error(`mint failed for ${CANARY}`, { apiKey: 'plain', cause: new Error(CANARY), nested: [{ note: CANARY }] });
  expect(JSON.stringify(records)).not.toMatch(/canary|plain/);
});

it('[LOG-8] a sink that throws, rejects or logs itself harms nobody, and lost lines are counted', async () => {
  const records: LogRecord[] = [];
  const failures = [
    () => {
      throw new Error('full');
    },
    () => Promise.reject(new Error('full')),
  ];
  const logger = createLogger({
    sink(record) {
      const fail = failures.shift();
      if (fail !== undefined) return fail();
      records.push(record);
      logger.info('from inside the sink');
    },
  });
  logger.info('thrown away');
  logger.info('rejected');
  await new Promise(resolve => setImmediate(resolve));
  logger.info('third');
  logger.info('fourth');
  expect(records.map(({ message, lost }) => [message, lost])).toEqual([
    ['third', 2],
    ['fourth', 1],
  ]);
});

it('[LOG-8] a message that cannot be read is lost, not thrown', () => {
  const { logger, records } = kept();
  const hostile = {
    toString: () => {
      throw new Error('no');
    },
  };
  logger.info(hostile as unknown as string);
  logger.info('next');
  expect(records).toEqual([{ level: 'info', name: 'test', message: 'next', lost: 1 }]);
});

it('[LOG-9] the console logger writes one line of JSON to standard error, for warnings and errors only', () => {
  const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  try {
    const logger = consoleLogger({ name: 'voice', clock: new VirtualClock() });
    logger.info('quiet');
    logger.warn('two\nlines', { token: 'plain' });
    expect(write.mock.calls).toEqual([
      [
        '{"time":"2026-01-01T00:00:00.000Z","level":"warn","name":"voice","message":"two\\nlines","data":{"token":"[redacted]"}}\n',
      ],
    ]);
    silentLogger.error('nothing');
    expect(write).toHaveBeenCalledTimes(1);
  } finally {
    write.mockRestore();
  }
});
