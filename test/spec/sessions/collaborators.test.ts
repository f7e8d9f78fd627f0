import { describe, expect, it } from 'vitest';
import type { CredentialProvider, Logger, MintedCredential, SessionDriver } from '../../../src/actors/ports.ts';
import { answers } from '../../../src/integration/testing/provider-behaviours.ts';
import { VirtualClock } from '../../../src/integration/testing/virtual-clock.ts';
import { createSessionManager } from '../../../src/services/session-manager.ts';
import type { SessionManagerOptions } from '../../../src/services/session-manager-options.ts';
import { KeptLog, MINUTE, SECOND } from '../../support/managed.ts';
import { breakable } from '../coordinator/support.ts';

class Provider implements CredentialProvider {
  readonly #clock: VirtualClock;
  readonly #out = new Set<string>();

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  async mint({ sessionId }: { readonly sessionId: string }): Promise<MintedCredential> {
    this.#out.add(sessionId);
    return { secret: 'ek_class', expiresAt: this.#clock.wall() + MINUTE };
  }

  async revoke({ sessionId }: { readonly sessionId: string }): Promise<void> {
    this.#out.delete(sessionId);
  }

  get outstanding(): number {
    return this.#out.size;
  }
}

class Driver implements SessionDriver {
  readonly #calls: string[] = [];

  async open(): Promise<undefined> {
    this.#calls.push('open');
  }

  async probe(): Promise<void> {
    this.#calls.push('probe');
  }

  async close(): Promise<void> {
    this.#calls.push('close');
  }

  get calls(): readonly string[] {
    return this.#calls;
  }
}

const broken = (): never => {
  throw new Error('the disk is full');
};

/** One life with every kind of trouble, and what came of it. */
async function life(options: Partial<SessionManagerOptions>) {
  const lost = [true, false];
  const log = new KeptLog();
  const t = await breakable({
    logger: log,
    driver: {
      open: async () => {
        if (lost.shift()) throw Object.assign(new Error('gone'), { code: 'ECONNRESET' });
        return undefined;
      },
      close: async () => broken(),
      probe: async () => broken(),
    },
    hooks: { onSessionReady: broken, onSessionEnding: broken },
    ...options,
  });
  const { manager, clock, provider } = t;
  manager.onSessionStarted(broken);
  provider.usualRevoke = async () => broken();
  provider.next(answers(500));
  const start = manager.startSession();
  await clock.advance(5 * SECOND);
  const { sessionId } = await start;
  provider.next(answers(500));
  await clock.advance(2 * MINUTE);
  t.crash(sessionId);
  await clock.advance(5 * SECOND);
  const end = manager.endSession(sessionId);
  await clock.advance(2 * SECOND);
  await end;
  const told = t.events.map(({ channel, event }) => [channel, event.type, event.newState, event.reason]);
  const counts = manager.getCredentialCounts();
  const unfinished = manager.explain(sessionId)?.unfinished;
  await t.close();
  return { told, counts, unfinished, log: log.lines };
}

describe('collaborators', () => {
  it('[SES-19] a driver and a provider that are instances of classes work, each with its own this', async () => {
    const clock = new VirtualClock();
    const credentials = new Provider(clock);
    const driver = new Driver();
    const manager = createSessionManager({ clock, credentials, driver });
    await manager.initialize();
    const { sessionId } = await manager.startSession();
    expect(credentials.outstanding).toBe(1);
    await clock.advance(30 * SECOND);
    expect(manager.getSessionDiagnostics(sessionId).connectionStatus).toBe('healthy');
    await Promise.all([manager.endSession(sessionId), clock.advance(SECOND)]);
    expect(driver.calls).toEqual(['open', 'probe', 'close']);
    expect(credentials.outstanding).toBe(0);
    expect(manager.explain(sessionId)?.unfinished).toEqual([]);
    manager.dispose();
    await clock.advance(SECOND);
    expect(clock.pending).toBe(0);
  });

  it.each(['error', 'warn', 'info', 'debug'] as const)(
    '[SES-26] a logger whose %s() throws changes nothing',
    async level => {
      const quiet = await life({});
      expect(new Set(quiet.log.map(line => line.level))).toEqual(new Set(['error', 'warn', 'debug']));
      const silent = (): void => undefined;
      const logger: Logger = { error: silent, warn: silent, info: silent, debug: silent, [level]: broken };
      expect({ ...(await life({ logger })), log: quiet.log }).toEqual(quiet);
    },
  );

  it.each([
    ['function', broken],
    ['observer', { next: broken }],
  ])('[SES-26] an inspector, a %s, that throws changes nothing and is told of once', async (_, inspect) => {
    const quiet = await life({});
    const loud = await life({ inspect });
    expect({ ...loud, log: quiet.log }).toEqual(quiet);
    expect(loud.log.filter(({ message }) => message === 'the inspector threw')).toHaveLength(1);
  });
});
