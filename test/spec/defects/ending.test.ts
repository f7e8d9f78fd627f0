import { describe, expect, it } from 'vitest';
import { FakeCredentialProvider } from '../../../src/integration/testing/fake-credential-provider.ts';
import type { ConversationLifecycleHooks, SessionEvent } from '../../../src/services/session-api.ts';
import { type Managed, managed, rejectionOf, SECOND } from '../../support/managed.ts';

const never = () => new Promise<never>(() => undefined);
const fails = async (): Promise<never> => {
  throw new Error('ek_teardown');
};
const throws = (): never => {
  throw new Error('ek_teardown');
};

/** What can go wrong in each step of an end. */
const STEPS = {
  'the hook': (work: () => Promise<never>): Parameters<typeof managed>[0] => ({ hooks: { onSessionEnding: work } }),
  'the release': (work: () => Promise<never>): Parameters<typeof managed>[0] => ({
    provider: clock => Object.assign(new FakeCredentialProvider(clock), { usualRevoke: work }),
  }),
  'the closing of the channel': (work: () => Promise<never>): Parameters<typeof managed>[0] => ({
    driver: { close: work },
  }),
  'the purge': (work: () => Promise<never>): Parameters<typeof managed>[0] => ({ privacy: { issuePurge: work } }),
};
const CODES = {
  'the hook': 'HOOK',
  'the release': 'RELEASE',
  'the closing of the channel': 'RELEASE',
  'the purge': 'PURGE',
} as const;
type Step = keyof typeof STEPS;

const ended = ({ events }: Managed): Extract<SessionEvent, { type: 'ended' }>[] =>
  events.filter(({ channel }) => channel === 'ended').map(({ event }) => event);

/** Resolves to how long, on the clock of the world, `work` took. */
async function took({ clock }: Managed, work: Promise<unknown>): Promise<number> {
  const since = clock.now();
  let at = Number.NaN;
  void work.then(() => (at = clock.now()));
  await clock.advance(10 * SECOND);
  return at - since;
}

describe('D37', () => {
  it.each(Object.keys(STEPS) as Step[])(
    '[D37] %s never settles: the end is done within 2 s, tells what timed out, and leaves no timer',
    async step => {
      const world = await managed(STEPS[step](never));
      const { sessionId } = await world.manager.startSession();
      let pending = Number.NaN;
      world.manager.onSessionEnded(() => {
        pending = world.clock.pending;
      });
      expect(await took(world, world.manager.endSession(sessionId))).toBeLessThanOrEqual(2 * SECOND);
      expect(pending).toBe(0);
      expect(ended(world)).toMatchObject([{ reason: 'user', unfinished: [`${CODES[step]}_TIMEOUT`] }]);
      expect(world.manager.explain(sessionId)?.unfinished).toEqual([`${CODES[step]}_TIMEOUT`]);
      expect(world.log.lines.some(({ data }) => JSON.stringify(data ?? '').includes(`${CODES[step]}_TIMEOUT`))).toBe(
        true,
      );
      await world.close();
    },
  );

  it('[D37] everything hangs at once: the end is done within 2 s all the same, and so is a disposal', async () => {
    const all = Object.assign({}, ...Object.values(STEPS).map(make => make(never)));
    const world = await managed(all);
    const { sessionId } = await world.manager.startSession();
    expect(await took(world, world.manager.endSession(sessionId))).toBeLessThanOrEqual(2 * SECOND);
    expect(ended(world)[0]?.unfinished).toEqual(['HOOK_TIMEOUT', 'RELEASE_TIMEOUT', 'PURGE_TIMEOUT']);
    await world.manager.startSession();
    await world.clock.advance(SECOND);
    expect(await took(world, world.manager[Symbol.asyncDispose]())).toBeLessThanOrEqual(2 * SECOND);
    expect(ended(world)).toHaveLength(2);
    await world.close();
  });

  it('[D37] a hook that never settles holds up a start by its deadline of 1 s, and a renewal, a pause and a resume not at all', async () => {
    const hooks = { onSessionReady: never, onSessionSuspending: never, onSessionResumed: never };
    const world = await managed({ hooks });
    const { manager, clock } = world;
    expect(await took(world, manager.startSession())).toBe(SECOND);
    const { sessionId } = manager.getCurrentSession() ?? expect.fail('it did not start');
    for (const name of ['renewSession', 'pauseSession', 'resumeSession'] as const) {
      const since = clock.now();
      await manager[name](sessionId);
      expect(clock.now()).toBe(since);
    }
    expect(manager.getSessionInfo(sessionId)).toMatchObject({ state: 'active', statistics: { renewalCount: 1 } });
    await clock.advance(SECOND);
    const logged = world.log.lines.filter(({ message }) => message === 'a conversation hook failed');
    expect(logged).toHaveLength(5);
    expect(logged.every(({ data }) => (data as { code: string }).code === 'HOOK_TIMEOUT')).toBe(true);
    await world.close();
  });

  it.each([
    ['throws', throws],
    ['rejects', fails],
  ])('[D37] a hook that %s is logged, once per call, and changes no result', async (_, hook) => {
    const hooks = { onSessionReady: hook, onSessionSuspending: hook, onSessionResumed: hook, onSessionEnding: hook };
    const world = await managed({ hooks });
    const { sessionId } = await world.manager.startSession();
    await world.clock.advance(SECOND);
    expect(await world.manager.renewSession(sessionId)).toMatchObject({ success: true });
    await world.manager.endSession(sessionId);
    expect(ended(world)).toMatchObject([{ reason: 'user', unfinished: ['HOOK_FAILED'] }]);
    const logged = world.log.lines.filter(({ message }) => message === 'a conversation hook failed');
    expect(logged).toHaveLength(4);
    expect(JSON.stringify(world.log.lines)).not.toContain('ek_teardown');
    await world.close();
  });

  it('[D37] a hook that settles after its deadline, even by a rejection, changes nothing any more', async () => {
    const world = await managed();
    const late: ConversationLifecycleHooks = {
      onSessionEnding: () =>
        new Promise((_, reject) => void world.clock.setTimeout(() => reject(new Error('late')), 3 * SECOND)),
    };
    world.manager.registerConversationHooks(late);
    const { sessionId } = await world.manager.startSession();
    expect(await took(world, world.manager.endSession(sessionId))).toBeLessThanOrEqual(2 * SECOND);
    expect(ended(world)).toMatchObject([{ unfinished: ['HOOK_TIMEOUT'] }]);
    expect(world.events.at(-1)?.channel).toBe('ended');
    await world.close();
  });
});

describe('D39', () => {
  const CASES = (Object.keys(STEPS) as Step[]).flatMap(step => [
    [step, 'rejects', fails] as const,
    [step, 'throws', throws as () => Promise<never>] as const,
    [step, 'hangs', never] as const,
  ]);

  it.each(CASES)(
    '[D39] %s %s: endSession resolves, the record is gone, the slot free, one ended, and the loss is logged and told',
    async (step, how, work) => {
      const world = await managed({ limit: 1, ...STEPS[step](work) });
      const { manager, clock, log } = world;
      const { sessionId } = await manager.startSession();
      const end = manager.endSession(sessionId);
      await clock.advance(2 * SECOND);
      expect(await end).toBeUndefined();
      expect(manager.getSessionInfo(sessionId)).toBeUndefined();
      expect(manager.credentialFor(sessionId)).toBeUndefined();
      const code = `${CODES[step]}_${how === 'hangs' ? 'TIMEOUT' : 'FAILED'}`;
      expect(ended(world)).toMatchObject([{ sessionId, reason: 'user', unfinished: [code] }]);
      expect(log.lines.filter(({ message }) => message === 'session ended with loose ends')).toHaveLength(1);
      expect(JSON.stringify(log.lines)).not.toContain('ek_teardown');
      await manager.endSession(sessionId);
      expect((await manager.startSession()).state).toBe('active');
      await world.close();
    },
  );

  it('[D39] a release that fails is asked for once, and never again', async () => {
    const world = await managed();
    world.provider.usualRevoke = fails;
    const { sessionId } = await world.manager.startSession();
    await world.clock.advance(SECOND);
    await world.manager.renewSession(sessionId);
    await Promise.all([world.manager.endSession(sessionId), world.manager.endSession(sessionId)]);
    expect(world.provider.revoked.map(({ attempt }) => attempt)).toEqual([1, 2]);
    expect(ended(world)[0]?.unfinished).toEqual(['RELEASE_FAILED']);
    await world.close();
  });

  it('[D39] a failed session whose release fails is kept, can be ended, and holds no slot', async () => {
    const world = await managed({ limit: 1 });
    const { manager, provider, clock } = world;
    provider.usualRevoke = fails;
    const { sessionId } = await manager.startSession();
    await clock.advance(SECOND);
    provider.next(async () => Promise.reject(Object.assign(new Error('no'), { status: 401 })));
    await manager.renewSession(sessionId);
    await manager.startSession();
    expect(await rejectionOf(manager.startSession())).toMatchObject({ code: 'SESSION_LIMIT_REACHED' });
    await manager.endSession(sessionId);
    expect(ended(world)).toMatchObject([{ sessionId, reason: 'credential-fatal', unfinished: ['RELEASE_FAILED'] }]);
    await world.close();
  });
});
