import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../src/integration/testing/virtual-clock.ts';
import { type ConfigurationChange, createConfigurationService } from '../../../src/services/configuration-service.ts';
import { memorySource } from '../../../src/services/memory-source.ts';
import { DEFAULT_SESSION_CONFIG } from '../../../src/services/session-config.ts';
import { CANARY, everythingIn, keepingLogger } from './support.ts';

async function configured(initial: Record<string, unknown> = {}) {
  const source = memorySource(initial);
  const clock = new VirtualClock();
  const logger = keepingLogger();
  const configuration = createConfigurationService({ source, clock, logger });
  await configuration.initialize();
  return { source, clock, logger, configuration };
}

describe('[CFG-6] what is in force', () => {
  it('[CFG-6] before initialize() the defaults, afterwards what the source holds', async () => {
    const configuration = createConfigurationService({
      source: memorySource({ session: { maxConcurrentSessions: 7 } }),
    });
    expect(configuration.getSessionConfig()).toEqual({ ...DEFAULT_SESSION_CONFIG, maxConcurrentSessions: 3 });
    expect(configuration.getAzureOpenAIConfig()).toEqual({
      endpoint: '',
      deploymentName: 'gpt-realtime',
      region: 'eastus2',
      apiVersion: '',
    });
    expect(configuration.getOpenAIConfig()).toEqual({ endpoint: 'https://api.openai.com/v1', model: 'gpt-realtime' });
    await configuration.initialize();
    expect(configuration.getSessionConfig().maxConcurrentSessions).toBe(7);
    expect(Object.isFrozen(configuration.getSessionConfig())).toBe(true);
    expect(configuration.getSessionConfig()).toBe(configuration.getSessionConfig());
  });

  it('[D25] a bad setting is reported with path, code and remedy; the default stays', async () => {
    const { configuration, logger } = await configured({
      session: { inactivityTimeoutMinutes: 0, retryBackoffMs: 200 },
    });
    expect(configuration.getSessionConfig()).toMatchObject({ inactivityTimeoutMinutes: 5, retryBackoffMs: 200 });
    expect(configuration.getDiagnostics().validation.errors).toEqual([
      {
        path: 'session.inactivityTimeoutMinutes',
        message: 'session.inactivityTimeoutMinutes is 0; allowed: more than 0, at most 525600 (minutes)',
        code: 'INVALID_CONFIG',
        severity: 'error',
        remediation: 'Use more than 0, at most 525600 (minutes).',
      },
    ]);
    expect(logger.lines).toHaveLength(1);
  });

  it('[CFG-6] a value that becomes bad leaves the last good one; one that is taken out becomes the default', async () => {
    const { configuration, source } = await configured({ session: { maxRetryAttempts: 5 } });
    source.set('session', 'maxRetryAttempts', 99);
    await configuration.settled();
    expect(configuration.getSessionConfig().maxRetryAttempts).toBe(5);
    expect(configuration.getDiagnostics().validation.isValid).toBe(false);
    source.replace({ session: 'nonsense' });
    await configuration.settled();
    expect(configuration.getSessionConfig().maxRetryAttempts).toBe(5);
    source.replace({});
    await configuration.settled();
    expect(configuration.getSessionConfig().maxRetryAttempts).toBe(3);
    expect(configuration.getDiagnostics().validation.isValid).toBe(true);
  });

  it('[CFG-6] a source that throws leaves what was in force', async () => {
    let broken = false;
    const inner = memorySource({ session: { maxRetryAttempts: 5 } });
    const read = () => {
      if (broken) throw new Error(CANARY);
      return inner.read();
    };
    const logger = keepingLogger();
    const configuration = createConfigurationService({ source: { ...inner, read }, logger });
    await configuration.initialize();
    broken = true;
    inner.replace({});
    await configuration.settled();
    expect(configuration.getSessionConfig().maxRetryAttempts).toBe(5);
    expect(await configuration.validateConfiguration()).toMatchObject({
      isValid: false,
      errors: [{ path: 'configuration' }],
    });
    expect(everythingIn(logger.lines)).not.toContain('canary');
  });

  it('[CFG-6] any source whatever can be read', async () => {
    await fc.assert(
      fc.asyncProperty(fc.anything(), fc.anything(), async (whole, part) => {
        for (const given of [whole, { session: part, azureOpenAI: part }]) {
          const configuration = createConfigurationService({
            source: { read: () => given as Record<string, unknown> },
          });
          await configuration.initialize();
          expect(configuration.getSessionConfig().retryBackoffMs).toBe(1_000);
        }
      }),
      { numRuns: 50 },
    );
  });
});

describe('[CFG-7] changes', () => {
  it('[CFG-7] each changed setting is told once, after it is in force', async () => {
    const { configuration, source } = await configured();
    const seen: [ConfigurationChange, unknown][] = [];
    configuration.onConfigurationChanged(change =>
      seen.push([change, configuration.getSessionConfig().heartbeatIntervalSeconds]),
    );
    source.replace({
      session: { heartbeatIntervalSeconds: 60, retryBackoffMs: 1_000 },
      openai: { model: 'gpt-realtime-mini' },
    });
    source.set('session', 'heartbeatIntervalSeconds', 60);
    await configuration.settled();
    expect(seen).toEqual([
      [
        {
          section: 'session',
          key: 'heartbeatIntervalSeconds',
          oldValue: 30,
          newValue: 60,
          affectedServices: ['SessionManager'],
          applies: 'now',
          isRollback: false,
        },
        60,
      ],
      [
        {
          section: 'openai',
          key: 'model',
          oldValue: 'gpt-realtime',
          newValue: 'gpt-realtime-mini',
          affectedServices: ['EphemeralKeyService'],
          applies: 'new-sessions',
          isRollback: false,
        },
        60,
      ],
    ]);
  });

  it('[CFG-7] slow handlers are waited for: changes never overtake each other', async () => {
    const { configuration, source, clock } = await configured();
    const order: unknown[] = [];
    configuration.onConfigurationChanged(async ({ newValue }) => {
      await new Promise<void>(resolve => clock.setTimeout(resolve, newValue === 4 ? 100 : 1));
      order.push(newValue);
    });
    for (const attempts of [4, 5, 6]) source.set('session', 'maxRetryAttempts', attempts);
    await clock.advance(1_000);
    await configuration.settled();
    expect(order.at(-1)).toBe(6);
    expect(configuration.getSessionConfig().maxRetryAttempts).toBe(6);
  });

  it('[CFG-8] a handler that fails takes the setting back, also for those that had taken it', async () => {
    const { configuration, source, logger } = await configured();
    const early: unknown[] = [];
    configuration.onConfigurationChanged(({ oldValue, newValue, isRollback }) =>
      early.push([oldValue, newValue, isRollback]),
    );
    const failing = configuration.onConfigurationChanged(({ key }) => {
      if (key === 'maxRetryAttempts') throw new Error(CANARY);
    });
    source.replace({ session: { maxRetryAttempts: 7, retryBackoffMs: 5 } });
    await configuration.settled();
    expect(configuration.getSessionConfig()).toMatchObject({ maxRetryAttempts: 3, retryBackoffMs: 5 });
    expect(early).toEqual([
      [3, 7, false],
      [7, 3, true],
      [1_000, 5, false],
    ]);
    expect(configuration.getDiagnostics()).toMatchObject({ rolledBack: ['session.maxRetryAttempts'], handlers: 2 });
    expect(everythingIn(logger.lines)).not.toContain('canary');

    failing.dispose();
    source.set('session', 'retryBackoffMs', 6);
    await configuration.settled();
    expect(configuration.getSessionConfig().maxRetryAttempts).toBe(3);
    source.set('session', 'maxRetryAttempts', 6);
    await configuration.settled();
    expect(configuration.getSessionConfig().maxRetryAttempts).toBe(6);
    expect(configuration.getDiagnostics().rolledBack).toEqual([]);
  });

  it('[CFG-8] a handler that never settles has failed after 5 s', async () => {
    const { configuration, source, clock } = await configured();
    configuration.onConfigurationChanged(() => new Promise(() => undefined));
    source.set('session', 'maxRetryAttempts', 7);
    await clock.advance(4_999);
    expect(configuration.getSessionConfig().maxRetryAttempts).toBe(7);
    await clock.advance(1);
    expect(configuration.getSessionConfig().maxRetryAttempts).toBe(3);
    expect(clock.pending).toBe(0);
  });
});

describe('[CFG-10] secrets do not belong into settings', () => {
  for (const key of ['apiKey', 'client_secret', 'token', 'password']) {
    it(`[CFG-10] ${key} is refused, and its value is shown nowhere`, async () => {
      const { configuration, logger } = await configured({ azureOpenAI: { [key]: CANARY } });
      const { validation } = configuration.getDiagnostics();
      expect(validation.errors).toMatchObject([{ path: `azureOpenAI.${key}`, severity: 'error' }]);
      expect(everythingIn([validation, logger.lines, configuration.getAzureOpenAIConfig()])).not.toContain('canary');
    });
  }

  it('[CFG-10] a key pasted into the wrong setting is not repeated', async () => {
    const { configuration, logger } = await configured({
      session: { retryBackoffMs: 'ek_short' },
      azureOpenAI: { endpoint: 'ek_short' },
    });
    expect(everythingIn([configuration.getDiagnostics(), logger.lines])).not.toContain('ek_short');
  });
});

describe('[CFG-11] provider settings', () => {
  const validate = (config: unknown) => createConfigurationService().validateSection('azureOpenAI', config);

  it('[CFG-11] a missing and a malformed endpoint have codes of their own', () => {
    expect(validate({ deploymentName: 'voice' }).errors).toMatchObject([
      { path: 'azureOpenAI.endpoint', code: 'MISSING_ENDPOINT' },
    ]);
    for (const endpoint of ['x', 'http://r.openai.azure.com', 'https://u:p@r', 'https://r?key=1', 7]) {
      expect(validate({ endpoint }).errors).toMatchObject([
        { path: 'azureOpenAI.endpoint', code: 'INVALID_ENDPOINT_FORMAT' },
      ]);
    }
    for (const endpoint of [
      'https://r.openai.azure.com',
      'https://r.openai.azure.com:8443/proxy/',
      'http://localhost:8080',
    ]) {
      expect(validate({ endpoint }).isValid).toBe(true);
    }
  });

  it('[CFG-11] the region is one of the list, the version a date; unknown names are warnings', () => {
    const endpoint = 'https://r.openai.azure.com';
    expect(validate({ endpoint, region: 'westeurope' }).errors[0]?.message).toBe(
      'azureOpenAI.region is a text that does not fit; allowed: "eastus2", "swedencentral"',
    );
    expect(validate({ endpoint, apiVersion: '2025-08' }).isValid).toBe(false);
    expect(validate({ endpoint, region: 'swedencentral', apiVersion: '2025-04-01-preview' })).toEqual({
      isValid: true,
      errors: [],
      warnings: [],
    });
    expect(validate({ endpoint, regoin: 'x' })).toMatchObject({
      isValid: true,
      warnings: [{ path: 'azureOpenAI.regoin' }],
    });
  });

  it('[CFG-11] a limit of sessions is a whole number from 1', () => {
    const limit = (maxConcurrentSessions: unknown) =>
      createConfigurationService().validateSection('session', { maxConcurrentSessions });
    for (const good of [1, 3, 10_000]) expect(limit(good).isValid).toBe(true);
    for (const bad of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '3']) expect(limit(bad).isValid).toBe(false);
    expect(limit(0).errors[0]?.message).toContain('a whole number, 1 or more (sessions)');
  });
});

describe('[CFG-9] life cycle', () => {
  it('[D43] initialize() and dispose() in any order and number; afterwards nobody is told', async () => {
    const { configuration, source, clock } = await configured();
    const seen: unknown[] = [];
    await Promise.all([configuration.initialize(), configuration.initialize()]);
    configuration.onConfigurationChanged(change => seen.push(change));
    source.set('session', 'maxRetryAttempts', 7);
    configuration.dispose();
    configuration[Symbol.dispose]();
    await configuration.settled();
    source.set('session', 'maxRetryAttempts', 8);
    await configuration.settled();
    expect([seen, configuration.isInitialized(), clock.pending]).toEqual([[], false, 0]);
    expect(configuration.getSessionConfig().maxRetryAttempts).toBe(3);
    await expect(configuration.initialize()).rejects.toMatchObject({ code: 'DEPENDENCY_NOT_INITIALIZED' });
    const early = createConfigurationService();
    early.dispose();
    early.onConfigurationChanged(() => undefined).dispose();
    expect(early.getDiagnostics()).toMatchObject({ isInitialized: false, handlers: 0 });
  });

  it('[CFG-9] diagnostics tell when and how fast the settings were read', async () => {
    const { configuration } = await configured();
    expect(configuration.getDiagnostics()).toEqual({
      isInitialized: true,
      loadedAt: new Date(Date.UTC(2026, 0, 1)),
      loadDurationMs: 0,
      validation: { isValid: true, errors: [], warnings: [] },
      rolledBack: [],
      handlers: 0,
    });
  });
});
