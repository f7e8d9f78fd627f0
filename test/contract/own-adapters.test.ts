import { describe, expect, it } from 'vitest';
import { createRealtimeService } from '../../src/integration/realtime/index.ts';
import { clockContract } from '../../src/integration/testing/clock-contract.ts';
import { runContract } from '../../src/integration/testing/contract.ts';
import { FakeCredentialProvider } from '../../src/integration/testing/fake-credential-provider.ts';
import { loggerContract } from '../../src/integration/testing/logger-contract.ts';
import { answers, mints } from '../../src/integration/testing/provider-behaviours.ts';
import { credentialProviderContract } from '../../src/integration/testing/provider-contract.ts';
import { configurationSourceContract } from '../../src/integration/testing/source-contract.ts';
import { purgeableStoreContract } from '../../src/integration/testing/store-contract.ts';
import { VirtualClock } from '../../src/integration/testing/virtual-clock.ts';
import { createEphemeralKeyService } from '../../src/services/ephemeral-key-service.ts';
import { consoleLogger, createLogger, silentLogger } from '../../src/services/logger.ts';
import { memorySource } from '../../src/services/memory-source.ts';
import { createPrivacyController } from '../../src/services/privacy.ts';
import { systemClock } from '../../src/services/system-clock.ts';
import { KeptLog } from '../support/managed.ts';
import { expectKept, expectReportKept, GoodProvider, judged } from './support.ts';

describe('providers', () => {
  it('[TST-16] a provider that is an instance of a class keeps its contract', async () => {
    const clock = new VirtualClock();
    const good: GoodProvider[] = [];
    const create = () => {
      good.push(new GoodProvider(clock));
      return good.at(-1) as GoodProvider;
    };
    const failing = () => new FakeCredentialProvider(clock, answers(403));
    expectReportKept(await clock.runUntil(runContract(credentialProviderContract(create, { clock, failing }))));
    expect(
      good.flatMap(({ live }) => [...live]),
      'the suite gives back what it minted',
    ).toEqual([]);
    expect(clock.pending).toBe(0);
    expectReportKept(await judged(() => ({})), ['PROV-16']);
  });

  it('[TST-16] the fake provider keeps it, as long as it is told to behave', async () => {
    const clock = new VirtualClock();
    const create = () => new FakeCredentialProvider(clock, mints());
    const failing = () => new FakeCredentialProvider(clock, answers(429, { retryAfterMs: 1_000 }));
    expectReportKept(await clock.runUntil(runContract(credentialProviderContract(create, { clock, failing }))));
  });

  it('[TST-16] the key service keeps it, against the local realtime service', async () => {
    const service = await createRealtimeService({ keyTtlSeconds: 60 });
    const make = async (apiKey: string) => {
      const keys = createEphemeralKeyService({ contract: 'openai', endpoint: `${service.url}/v1`, apiKey });
      await keys.initialize();
      return keys;
    };
    try {
      const cases = credentialProviderContract(() => make(service.apiKey.reveal()), {
        failing: () => make('sk-wrong-0123456789'),
        secrets: [service.apiKey.reveal(), 'sk-wrong-0123456789'],
        close: keys => (keys as Awaited<ReturnType<typeof make>>).dispose(),
      });
      const report = await runContract(cases);
      const notJudged = report.notJudged.map(({ rule }) => rule);
      expectReportKept(report, notJudged);
      expect(notJudged).toEqual(['PROV-21', 'PROV-22', 'PROV-23', 'PROV-24']);
    } finally {
      await service.close();
    }
  });
});

describe('clocks', () => {
  it('[TST-16] the virtual clock keeps its contract', async () => {
    const advance = (clock: VirtualClock, ms: number) => clock.advance(ms);
    await expectKept(
      clockContract(() => new VirtualClock(), { advance }),
      ['CLOCK-11'],
    );
  });

  it('[TST-16] the real clock keeps it', async () => {
    await expectKept(
      clockContract(() => systemClock()),
      ['CLOCK-12'],
    );
    await expectKept(
      clockContract(() => systemClock({ keepAlive: true })),
      ['CLOCK-12'],
    );
  });
});

describe('loggers', () => {
  it('[TST-16] the loggers keep their contract', async () => {
    await expectKept(
      loggerContract(() => ({ logger: silentLogger })),
      ['LOGGER-6', 'LOGGER-7'],
    );
    await expectKept(
      loggerContract(() => {
        const lines: string[] = [];
        const logger = createLogger({ level: 'debug', sink: record => void lines.push(JSON.stringify(record)) });
        return { logger, written: () => lines.join('\n') };
      }),
    );
    await expectKept(
      loggerContract(() => {
        const lines: string[] = [];
        return {
          logger: consoleLogger({ level: 'debug', sink: record => void lines.push(JSON.stringify(record)) }),
          written: () => lines.join('\n'),
        };
      }),
    );
    await expectKept(
      loggerContract(() => ({ logger: new KeptLog() })),
      ['LOGGER-6', 'LOGGER-7'],
    );
  });
});

describe('stores and sources', () => {
  it('[TST-16] a store behind the privacy controller keeps its contract', async () => {
    await expectKept(
      purgeableStoreContract(() => {
        const items: string[] = [];
        const privacy = createPrivacyController();
        privacy.register('transcripts', {
          purge(id) {
            const kept = items.filter(owner => id !== undefined && owner !== id);
            const cleared = items.length - kept.length;
            items.splice(0, items.length, ...kept);
            return { cleared };
          },
        });
        return {
          put: id => items.push(id),
          count: id => items.filter(owner => owner === id).length,
          store: {
            async purge(correlationId) {
              const result = await privacy.issuePurge({
                type: 'privacy.purge',
                target: 'all',
                reason: 'user-requested',
                issuedAt: '2026-01-01T00:00:00Z',
                ...(correlationId !== undefined && { correlationId }),
              });
              return { cleared: result.clearedCount, retained: result.retainedCount };
            },
          },
        };
      }),
    );
  });

  it('[TST-16] the source in memory keeps its contract', async () => {
    await expectKept(
      configurationSourceContract(() => {
        const source = memorySource({ session: { heartbeatIntervalSeconds: 1 } });
        let value = 1;
        return {
          source,
          change() {
            value += 1;
            source.set('session', 'heartbeatIntervalSeconds', value);
          },
        };
      }),
    );
    await expectKept(
      configurationSourceContract(() => ({ source: { read: () => ({}) }, change: () => undefined })),
      ['SOURCE-2', 'SOURCE-3', 'SOURCE-4'],
    );
  });
});
