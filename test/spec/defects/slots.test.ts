import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FakeCredentialProvider } from '../../../src/integration/testing/fake-credential-provider.ts';
import { answers, type Behaviour, hangs, mints, slowly } from '../../../src/integration/testing/provider-behaviours.ts';
import type { VirtualClock } from '../../../src/integration/testing/virtual-clock.ts';
import { WHEN_FULL } from '../../../src/machines/coordinator.ts';
import type { SessionInfo } from '../../../src/services/session-api.ts';
import { KEPT_FAILED_SESSIONS } from '../../../src/services/session-ledger.ts';
import { type Managed, managed, rejectionOf, SECOND } from '../../support/managed.ts';

const LIVE = new Set(['starting', 'active', 'renewing', 'paused', 'ending']);
const live = ({ manager }: Managed): SessionInfo[] => manager.getAllSessions().filter(({ state }) => LIVE.has(state));

/** What may happen to a manager; `at` picks one of its sessions. */
type Step =
  | { readonly do: 'start' }
  | { readonly do: 'renew' | 'pause' | 'resume' | 'end' | 'touch' | 'refuse'; readonly at: number }
  | { readonly do: 'provider'; readonly is: keyof typeof MINT }
  | { readonly do: 'advance'; readonly ms: number };

const MINT = {
  good: mints(),
  short: mints(3 * SECOND),
  refused: answers(401),
  busy: answers(503),
  slow: slowly(700),
  late: slowly(15 * SECOND),
  silent: hangs(),
} satisfies Record<string, Behaviour>;

const STEP: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('start' as const) }) },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constantFrom('renew', 'pause', 'resume', 'end', 'touch', 'refuse'), at: fc.nat(9) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('provider' as const),
      is: fc.constantFrom(...(Object.keys(MINT) as (keyof typeof MINT)[])),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('advance' as const), ms: fc.constantFrom(0, 1, 900, 20_000) }) },
);

interface MoodyWorld extends Managed {
  mood: keyof typeof MINT;
}

async function moody(options: Parameters<typeof managed>[0]): Promise<MoodyWorld> {
  const mood = { mood: 'good' as keyof typeof MINT };
  const provider = (clock: VirtualClock) =>
    new FakeCredentialProvider(clock, (request, world) => MINT[mood.mood](request, world));
  return Object.assign(mood, await managed({ ...options, provider }));
}

async function take(step: Step, world: MoodyWorld, pending: Promise<unknown>[]): Promise<void> {
  const { manager, clock } = world;
  if (step.do === 'advance') return clock.advance(step.ms);
  if (step.do === 'provider') {
    world.mood = step.is;
    return;
  }
  if (step.do === 'start') {
    pending.push(manager.startSession().catch(() => undefined));
    return;
  }
  const { sessionId } = manager.getAllSessions()[step.at] ?? { sessionId: 'none' };
  if (step.do === 'renew') pending.push(manager.renewSession(sessionId));
  else if (step.do === 'pause') await manager.pauseSession(sessionId).catch(() => undefined);
  else if (step.do === 'resume') await manager.resumeSession(sessionId).catch(() => undefined);
  else if (step.do === 'end') pending.push(manager.endSession(sessionId));
  else if (step.do === 'touch') await manager.resetInactivityTimer(sessionId);
  else manager.reportTransport(sessionId, { state: 'failed', credentialRefused: true });
}

describe('[D01] slots', () => {
  it('[D01] for any interleaving of start, renew, pause, fail and end the slots held never exceed the limit, and each is given back exactly once', () =>
    fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 4 }),
        fc.constantFrom(...WHEN_FULL),
        fc.array(STEP, { maxLength: 40 }),
        async (limit, whenFull, steps) => {
          const world = await moody({ limit, whenFull });
          const pending: Promise<unknown>[] = [];
          let most = 0;
          world.manager.onSessionStateChanged(() => {
            most = Math.max(most, live(world).length);
          });
          for (const step of steps) {
            await take(step, world, pending);
            most = Math.max(most, live(world).length);
          }
          expect(most).toBeLessThanOrEqual(limit);

          // A slot that leaked, or was given back twice, shows in how many more are admitted.
          world.mood = 'good';
          await world.clock.advance(120 * SECOND);
          const free = limit - live(world).length;
          const more = Promise.allSettled(Array.from({ length: free }, () => world.manager.startSession()));
          await world.settle();
          expect(live(world)).toHaveLength(limit);
          expect((await more).filter(({ status }) => status === 'rejected')).toEqual([]);

          await world.close();
          await Promise.all(pending);
        },
      ),
      { numRuns: 150 },
    ));

  it.each(['active', 'renewing', 'paused', 'ending', 'starting'] as const)(
    '[D01] a session that is %s holds its slot',
    async state => {
      const world = await managed({ limit: 1 });
      const { manager, provider } = world;
      if (state === 'starting') provider.next(slowly(SECOND));
      const starting = manager.startSession();
      expect(manager.getAllSessions(), 'taken before the first await').toHaveLength(1);
      await world.settle();
      const { sessionId = '' } = manager.getAllSessions()[0] ?? {};
      if (state === 'renewing') {
        provider.next(slowly(SECOND));
        void manager.renewSession(sessionId);
      } else if (state === 'paused') await manager.pauseSession(sessionId);
      else if (state === 'ending') {
        provider.usualRevoke = () => new Promise(() => undefined);
        manager.endSessionSync(sessionId);
      }
      await world.settle();
      expect(manager.getSessionInfo(sessionId)?.state).toBe(state);
      expect(await rejectionOf(manager.startSession())).toMatchObject({ code: 'SESSION_LIMIT_REACHED' });
      await world.clock.advance(2 * SECOND);
      await starting;
      await world.close();
    },
  );

  it('[D01] under limit n, 2n parallel starts give exactly n successes and n refusals with one stable code', () =>
    fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 12 }), async limit => {
        const world = await managed({ limit });
        const starts = Array.from({ length: 2 * limit }, () => world.manager.startSession());
        const outcomes = await Promise.allSettled(starts);
        expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(limit);
        const codes = outcomes.flatMap(outcome => (outcome.status === 'rejected' ? [outcome.reason.code] : []));
        expect(codes).toEqual(Array.from({ length: limit }, () => 'SESSION_LIMIT_REACHED'));
        expect(world.provider.requests).toHaveLength(limit);
        await world.close();
      }),
      { numRuns: 12 },
    ));

  it('[D01] a slot taken for a failed session that ends before it is renewed is given back', async () => {
    const world = await managed({ limit: 2, config: { maxRetryAttempts: 1 } });
    const { manager, provider, clock } = world;
    provider.next(answers(401));
    await rejectionOf(manager.startSession());
    const [{ sessionId: failed = '' } = {}] = manager.getAllSessions();
    await clock.advance(2 * SECOND);
    const renewals: Promise<unknown>[] = [];
    // The coordinator is busy admitting the other one: it comes to the renewal when the failed one already ends.
    const once = manager.onSessionStateChanged(() => {
      once.dispose();
      renewals.push(manager.renewSession(failed), manager.endSession(failed));
    });
    await manager.startSession();
    expect(await Promise.all(renewals)).toMatchObject([{ success: false }, undefined]);
    await manager.startSession();
    expect(live(world)).toHaveLength(2);
    await world.close();
  });

  it('[D01] renewing sessions leave no room for further starts', async () => {
    const world = await managed();
    const { manager, provider } = world;
    const ids = await Promise.all([1, 2, 3].map(async () => (await manager.startSession()).sessionId));
    provider.next(slowly(SECOND), slowly(SECOND), slowly(SECOND));
    const renewals = ids.map(id => manager.renewSession(id));
    for (const refused of await Promise.allSettled([1, 2, 3].map(() => manager.startSession()))) {
      expect(refused).toMatchObject({ status: 'rejected', reason: { code: 'SESSION_LIMIT_REACHED' } });
    }
    await world.clock.advance(5 * SECOND);
    expect((await Promise.all(renewals)).map(({ success }) => success)).toEqual([true, true, true]);
    expect(manager.getAllSessions()).toHaveLength(3);
    await world.close();
  });
});

describe('[D02] failed starts', () => {
  it('[D02] a start that failed after its mint, at the channel, holds no credential, no timer and no slot either', async () => {
    const open = async () => Promise.reject(Object.assign(new Error('no'), { status: 403 }));
    const world = await managed({ limit: 1, driver: { open } });
    const { manager, provider, clock } = world;
    for (let i = 0; i < 3; i++)
      expect(await rejectionOf(manager.startSession())).toMatchObject({ code: 'SESSION_START_FAILED' });
    await world.settle();
    expect(provider.minted).toHaveLength(3);
    expect(provider.outstanding).toEqual([]);
    expect(clock.pending).toBe(0);
    await world.close();
  });

  it.each([1, 50, 200])(
    '[D02] %i failed starts leave at most the documented bound, without timers, credentials and slots',
    async count => {
      const world = await managed({ limit: 1, config: { maxRetryAttempts: 1 } });
      const { manager, provider, clock } = world;
      for (let i = 0; i < count; i++) {
        provider.next(i % 2 === 0 ? answers(401) : mints(-5 * SECOND));
        expect(await rejectionOf(manager.startSession())).toMatchObject({ code: 'SESSION_START_FAILED' });
      }
      await world.settle();
      const failed = manager.getAllSessions();
      expect(failed).toHaveLength(Math.min(count, KEPT_FAILED_SESSIONS));
      expect(clock.pending, 'timers').toBe(0);
      expect(provider.outstanding, 'unreleased credentials').toEqual([]);
      for (const { sessionId, state } of failed) {
        expect(state).toBe('failed');
        expect(manager.getSessionDiagnostics(sessionId)).toMatchObject({
          credentialStatus: 'missing',
          timerStatus: { sessionId },
        });
        expect(Object.keys(manager.getSessionDiagnostics(sessionId).timerStatus)).toEqual(['sessionId']);
      }
      const { sessionId } = await manager.startSession(); // under limit 1: none of them holds a slot
      for (const { sessionId: gone } of failed) await manager.endSession(gone);
      expect(manager.getAllSessions().map(info => info.sessionId)).toEqual([sessionId]);
      await world.close();
    },
  );

  it('[D02] the bound holds too where the provider never takes a credential back', async () => {
    const world = await managed({ limit: 60, config: { maxRetryAttempts: 1 } });
    const { manager, provider, clock } = world;
    provider.usualRevoke = () => new Promise(() => undefined);
    provider.next(...Array.from({ length: 60 }, () => mints(-5 * SECOND)));
    const starts = Promise.allSettled(Array.from({ length: 60 }, () => manager.startSession()));
    await clock.advance(2 * SECOND);
    expect((await starts).every(({ status }) => status === 'rejected')).toBe(true);
    expect(manager.getAllSessions()).toHaveLength(KEPT_FAILED_SESSIONS);
    expect(clock.pending).toBe(0);
    await world.close();
  });
});
