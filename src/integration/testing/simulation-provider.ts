import type { CredentialProvider, MintedCredential, MintRequest } from '../../actors/ports.ts';
import { CANARY, type SimulationWorld } from './simulation-world.ts';

/** Longest time for which it asks to be left alone, ms. */
const LONGEST_RETRY_AFTER_MS = 300_000;

/** What makes a careless error: the secret is in every part of it. */
export const leaky = (shape: Record<string, unknown>): Error =>
  Object.assign(new Error(`refused ${CANARY}`), { headers: { authorization: CANARY }, ...shape });

export const never = (): Promise<never> => new Promise(() => undefined);

/**
 * The provider of a run: it mints, and in its share of trouble it fails, is late, hangs, or talks nonsense.
 *
 * @param revoke takes a credential back, if the run has such a thing.
 */
export function drawnProvider(world: SimulationWorld, revoke: () => Promise<void>): CredentialProvider {
  const { plan, clock } = world;
  const random = world.random.fork('provider');
  const wait = (ms: number) => new Promise<void>(resolve => clock.outside.setTimeout(resolve, ms));
  let made = 0;
  const good = ({ sessionId }: MintRequest): MintedCredential => {
    made += 1;
    const expiresAt = clock.wall() + Math.round(random.spread(...plan.livesMs));
    const id = random.chance(0.5) ? { id: `lease ${made}` } : {};
    return {
      secret: `${CANARY}_${sessionId}_${made}`,
      expiresAt: random.chance(0.1) ? new Date(expiresAt) : expiresAt,
      ...id,
    };
  };
  const junk = (request: MintRequest): unknown =>
    random.pick<() => unknown>([
      () => null,
      () => 'a text',
      () => ({}),
      () => ({ secret: '', expiresAt: clock.wall() + 60_000 }),
      () => ({ secret: good(request).secret }),
      () => ({ ...good(request), expiresAt: clock.wall() - 1 }),
      () => ({ ...good(request), expiresAt: clock.wall() + 1_999 }),
      () => ({ ...good(request), expiresAt: Number.NaN }),
      () => ({ ...good(request), expiresAt: Number.MAX_VALUE }),
      () => ({
        get secret(): never {
          throw leaky({});
        },
      }),
    ])();
  const fails = ({ sessionId }: MintRequest): never => {
    world.storyOf(sessionId).askedToWaitMs = LONGEST_RETRY_AFTER_MS;
    throw random.pick<() => unknown>([
      () => leaky({ status: 500 }),
      () => leaky({ status: 503, code: CANARY }),
      () => leaky({ status: 429, retryAfterMs: Math.round(random.spread(1, LONGEST_RETRY_AFTER_MS)) }),
      () => leaky({ status: 429, headers: { 'retry-after': String(random.integer(0, 200)) } }),
      () => leaky({ code: 'ECONNRESET' }),
      () => leaky({ name: 'TimeoutError' }),
      () => leaky({ status: 401 }),
      () => 'a text that was thrown',
      () => undefined,
    ])();
  };
  return {
    mint: async request => {
      if (random.chance(0.3)) await wait(Math.round(random.spread(1, 2_000)));
      if (!random.chance(plan.trouble)) return good(request);
      switch (random.weighted({ fails: 6, late: 3, hangs: 1, junk: 2, lateFailure: 1 })) {
        case 'fails':
          return fails(request);
        case 'late':
          await wait(Math.round(random.spread(500, 30_000)));
          return good(request);
        case 'hangs':
          return never();
        case 'lateFailure':
          await wait(Math.round(random.spread(500, 30_000)));
          return fails(request);
        case 'junk':
          return junk(request) as MintedCredential;
      }
    },
    ...(plan.has.revoke ? { revoke } : {}),
  };
}
