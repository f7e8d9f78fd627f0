import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { AnyActorRef } from 'xstate';
import { isSessionchartError } from '../../../src/actors/errors.ts';
import type { SessionDriver } from '../../../src/actors/ports.ts';
import { FakeCredentialProvider } from '../../../src/integration/testing/fake-credential-provider.ts';
import { answers, type Behaviour, hangs, mints, slowly } from '../../../src/integration/testing/provider-behaviours.ts';
import type { ConversationLifecycleHooks } from '../../../src/services/session-api.ts';
import { SECOND } from '../../support/managed.ts';
import { breakable } from './support.ts';

const CALLS = ['start', 'end', 'renew', 'pause', 'resume', 'touch', 'refuse', 'configure', 'crash', 'crash'] as const;
type Call = { readonly what: (typeof CALLS)[number] | 'dispose' | 'clock' | 'wait'; readonly which: number };

const LIVES = [2, 5, 60].map(seconds => mints(seconds * SECOND));
const BEHAVIOURS: readonly Behaviour[] = [
  ...LIVES,
  ...LIVES,
  slowly(900, mints(5 * SECOND)),
  slowly(12 * SECOND),
  answers(401),
  answers(500),
  answers(429, { retryAfterMs: 3_000 }),
  hangs(),
];
const WAITS = [0, 1, 999, SECOND, 2_500, 11 * SECOND, 70 * SECOND];

const which = fc.nat(6);
const oneOf = (rare: Call['what'], ...often: readonly Call['what'][]): fc.Arbitrary<Call> =>
  fc.record({
    what: fc.oneof({ weight: 60, arbitrary: fc.constantFrom(...often) }, { weight: 1, arbitrary: fc.constant(rare) }),
    which,
  });
const inside = oneOf('dispose', ...CALLS);
const outside = oneOf('dispose', ...CALLS, 'start', 'clock', 'wait', 'wait', 'wait');
const world = fc.record({
  limit: fc.integer({ min: 1, max: 3 }),
  whenFull: fc.constantFrom('reject' as const, 'queue' as const, 'evict-idle' as const),
  hasChannel: fc.boolean(),
  hasCredentials: fc.boolean(),
  /** What is called at the top, one after the other. */
  calls: fc.array(outside, { maxLength: 40, size: 'max' }),
  /** What listeners, hooks and drivers call when they are called themselves, one after the other. */
  reactions: fc.array(fc.option(inside, { freq: 2 }), { maxLength: 120, size: 'max' }),
  answers: fc.array(fc.nat(BEHAVIOURS.length - 1), { minLength: 1, maxLength: 12 }),
});
type World = typeof world extends fc.Arbitrary<infer W> ? W : never;

async function live(scenario: World): Promise<void> {
  const { limit, whenFull, hasChannel, hasCredentials } = scenario;
  const reactions = [...scenario.reactions];
  const open = new Set<string>();
  let asked = 0;
  let depth = 0;
  const react = (): void => {
    const call = depth < 3 ? reactions.shift() : null;
    if (call) act(call);
  };
  const driver: SessionDriver = {
    open: async ({ sessionId, attempt }) => {
      react();
      if (attempt % 5 === 4) throw Object.assign(new Error('gone'), { code: 'ECONNRESET' });
      if (attempt % 7 === 6) await new Promise<void>(resolve => t.clock.setTimeout(resolve, 11 * SECOND));
      open.add(`${sessionId} ${attempt}`);
      return attempt % 3 === 0 ? { expiresAt: t.clock.wall() + 3 * SECOND } : undefined;
    },
    close: async ({ sessionId, attempt }) => {
      react();
      for (const each of [...open]) {
        const [id, opened] = each.split(' ');
        if (id === sessionId && (attempt === undefined || Number(opened) === attempt)) open.delete(each);
      }
    },
    probe: async () => react(),
  };
  const hooks: ConversationLifecycleHooks = {
    onSessionReady: react,
    onSessionSuspending: react,
    onSessionResumed: react,
    onSessionEnding: react,
  };
  let isFaulty = false;
  const t = await breakable({
    inspect: event => {
      if (!isFaulty || event.type !== '@xstate.event' || (event.actorRef as AnyActorRef).id === 'coordinator') return;
      isFaulty = false;
      t.clock.isBroken = true; // the session actor that was sent something asks for the time next
    },
    limit,
    whenFull,
    queueLimit: 3,
    hooks,
    ...(hasChannel ? { driver } : {}),
    provider: clock => {
      if (!hasCredentials) return undefined;
      return new FakeCredentialProvider(clock, (request, around) => {
        react();
        asked += 1;
        const behave = BEHAVIOURS[scenario.answers[asked % scenario.answers.length] ?? 0] ?? hangs();
        return behave(request, around);
      });
    },
    config: {
      inactivityTimeoutMinutes: 0.2,
      maxDurationMinutes: 1,
      durationWarningSeconds: 30,
      renewalMarginSeconds: 3,
      heartbeatIntervalSeconds: 2,
    },
  });
  const { manager, clock, provider, events } = t;
  provider.usualRevoke = async ({ attempt }) => {
    react();
    if (attempt % 4 === 3) await new Promise<void>(() => undefined);
  };
  const unanswered = new Set<string>();
  const strange: unknown[] = [];
  const ids: string[] = [];
  let calls = 0;
  const call = (what: string, made: () => Promise<unknown>): void => {
    calls += 1;
    const name = `${what} ${calls}`;
    const since = clock.now();
    unanswered.add(name);
    made()
      .catch((error: unknown) => {
        if (!isSessionchartError(error)) strange.push(error);
      })
      .finally(() => {
        unanswered.delete(name);
        if (what === 'end' && clock.now() - since > 2 * SECOND) strange.push(`${name} took longer than 2 s`);
      });
  };
  const act = ({ what, which: nth }: Call): void => {
    const id = ids.at(-1 - (nth % Math.max(1, ids.length))) ?? 'unknown';
    depth += 1;
    if (what === 'start') call(what, () => manager.startSession());
    else if (what === 'end') call(what, () => manager.endSession(nth === 6 ? undefined : id));
    else if (what === 'renew') call(what, () => manager.renewSession(id));
    else if (what === 'pause') call(what, () => manager.pauseSession(id));
    else if (what === 'resume') call(what, () => manager.resumeSession(id));
    else if (what === 'configure') call(what, () => manager.updateSessionConfig(id, { renewalMarginSeconds: nth }));
    else if (what === 'touch') call(what, () => manager.resetInactivityTimer(id));
    else if (what === 'dispose') manager.dispose();
    else if (what === 'refuse' && manager.isInitialized()) {
      manager.reportTransport(id, { state: nth % 2 === 0 ? 'failed' : 'connected', credentialRefused: nth < 4 });
    } else if (what === 'crash') {
      t.crash(id);
    } else if (what === 'clock') {
      isFaulty = true;
      call(what, () => (nth % 2 === 0 ? manager.resetInactivityTimer(id) : manager.renewSession(id)));
      isFaulty = false;
      clock.isBroken = false;
    }
    depth -= 1;
  };
  manager.onSessionStateChanged(({ sessionId }) => {
    if (!ids.includes(sessionId)) ids.push(sessionId);
    react();
  });
  for (const listen of ['onSessionStarted', 'onSessionEnded', 'onSessionRenewed', 'onSessionError'] as const) {
    manager[listen](react);
  }

  for (const each of scenario.calls) {
    if (each.what !== 'wait') {
      act(each);
      continue;
    }
    await clock.advance(WAITS[each.which] ?? 0);
    const live = manager.getAllSessions().filter(({ state }) => state !== 'failed');
    expect(manager.getCredentialCounts().held, 'one credential each').toBeLessThanOrEqual(live.length);
  }
  let timers: number | undefined;
  void manager[Symbol.asyncDispose]().then(() => {
    timers = clock.pending;
  });
  await clock.advance(2 * SECOND);
  expect(timers, 'the disposal settles within 2 s').toBeDefined();
  await clock.advance(120 * SECOND);

  expect([...unanswered]).toEqual([]);
  expect(strange).toEqual([]);
  for (const counts of t.counts) {
    expect(counts.live).toBeGreaterThanOrEqual(0);
    expect(counts.live).toBeLessThanOrEqual(Math.min(limit, counts.sessions));
  }
  expect([...open]).toEqual([]);
  expect(manager.getCredentialCounts()).toMatchObject({ minted: provider.minted.length, held: 0 });
  expect(provider.revoked).toHaveLength(provider.minted.length);
  for (const id of new Set(events.map(({ event }) => event.sessionId as string))) {
    const told = t.toldOf(id);
    const starts = told.filter(each => each === 'started').length;
    const ends = told.filter(each => each.startsWith('ended')).length;
    expect(starts, told.join(', ')).toBeLessThanOrEqual(1);
    expect(ends, told.join(', ')).toBe(1);
    expect(told.at(-1)).toMatch(/^ended/);
  }
  await t.close();
}

it('[COO-17] whatever is called where and whatever throws, slots, credentials, channels, answers and ends add up', async () => {
  await fc.assert(fc.asyncProperty(world, live), { numRuns: 500 });
});
