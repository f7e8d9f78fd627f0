import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GRANTS, type HttpAnswer, keyed, SAYS, SILENT, UNREACHABLE } from '../../support/keyed.ts';
import { HOUR, MINUTE, SECOND } from '../../support/managed.ts';

const FOREVER = { enableInactivityTimeout: false } as const;

describe('[D10] one owner of renewal', () => {
  it('[D10] over n renewal periods without errors mints = n + 1, for every session, the key service keeping a key of its own', () =>
    fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 1, max: 3 }), async (periods, sessions) => {
        const world = await keyed({ config: FOREVER });
        const { manager, endpoint, clock } = world;
        const ids = await Promise.all(
          Array.from({ length: sessions }, async () => (await manager.startSession()).sessionId),
        );
        await clock.advance(periods * 50 * SECOND); // a key of 60 s, a lead of 10 s
        expect(endpoint.calls).toHaveLength(sessions * (periods + 1));
        for (const id of ids) {
          expect(manager.getSessionInfo(id)).toMatchObject({ state: 'active', statistics: { renewalCount: periods } });
        }
        await world.close();
      }),
      { numRuns: 20 },
    ));

  it('[D10] a key that the service obtains for another caller changes no session, whatever id it bears', async () => {
    const world = await keyed({ config: FOREVER });
    const { manager, keys, endpoint, clock } = world;
    endpoint.usual = GRANTS(60 * SECOND, 'sess_same'); // the provider names every key alike
    const [a, b] = await Promise.all([manager.startSession(), manager.startSession()]);
    const secrets = () => [a, b].map(({ sessionId }) => manager.credentialFor(sessionId)?.reveal());
    const before = secrets();
    await clock.advance(SECOND);
    expect(await keys.requestEphemeralKey(a.sessionId)).toMatchObject({ success: true });
    expect(await keys.renewKey()).toMatchObject({ success: true });
    await keys.endSession('sess_same');
    await keys.revokeCurrentKey();
    expect(secrets()).toEqual(before);
    await clock.advance(SECOND);
    expect(await manager.renewSession(b.sessionId)).toMatchObject({ success: true });
    expect(secrets()[0], "the renewal of b is not a's, though the ids are the same").toBe(before[0]);
    expect(secrets()[1]).not.toBe(before[1]);
    await world.close();
  });

  it('[D10] after a failed renewal there is always a next attempt or a terminal state', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.constantFrom<{ readonly name: string; readonly answer: HttpAnswer }>(
            { name: 'granted', answer: GRANTS(HOUR) },
            { name: '500', answer: SAYS(500) },
            { name: '429', answer: SAYS(429, { 'retry-after': '3' }) },
            { name: '429 for long', answer: SAYS(429, { 'retry-after': '300' }) },
            { name: '401', answer: SAYS(401) },
            { name: 'unreachable', answer: UNREACHABLE() },
            { name: 'silent', answer: SILENT },
            { name: 'expired', answer: GRANTS(-SECOND) },
            { name: 'senseless', answer: SAYS(200, {}, { value: 7 }) },
          ),
          { maxLength: 12 },
        ),
        fc.boolean(),
        async (answers, recovery) => {
          // A lead of half an hour: the end of the old key does not come to help.
          const config = { ...FOREVER, renewalMarginSeconds: 1_800 };
          const world = await keyed({ config, recovery });
          const { manager, endpoint, clock } = world;
          endpoint.usual = GRANTS(HOUR);
          const { sessionId } = await manager.startSession();
          endpoint.next(...answers.map(({ answer }) => answer));
          for (let i = 0; i <= answers.length; i++) {
            const { timerStatus: due } = manager.getSessionDiagnostics(sessionId);
            await clock.advance(due.renewalTimer?.timeRemainingMs ?? 0);
            const { state, timerStatus } = manager.getSessionDiagnostics(sessionId);
            if (state === 'failed') break;
            if (state === 'active') expect(timerStatus.renewalTimer?.isActive).toBe(true);
            else {
              // An attempt takes 10 s at most, the longest wait of three attempts less than 4 s.
              expect(state).toBe('renewing');
              const calls = endpoint.calls.length;
              await clock.advance(14 * SECOND);
              const now = manager.getSessionInfo(sessionId)?.state;
              expect(endpoint.calls.length > calls || now !== 'renewing').toBe(true);
            }
          }
          await world.close();
        },
      ),
      { numRuns: 60 },
    ));
});

describe('[D15] a key that runs out in the key service', () => {
  it('[D15] at the expiry instant: one expired notice without the secret, and the secret is dropped', async () => {
    const world = await keyed();
    const { keys, clock } = world;
    const told: unknown[] = [];
    keys.onKeyExpired(key => told.push(key));
    await keys.requestEphemeralKey('mine');
    await clock.advance(MINUTE - 1);
    expect(keys.isKeyValid()).toBe(true);
    expect(told).toEqual([]);
    await clock.advance(1);
    expect(told).toMatchObject([{ key: undefined, sessionId: 'mine', isValid: false }]);
    expect([keys.getCurrentKey(), keys.isKeyValid(), keys.getKeyExpiration()]).toEqual([undefined, false, undefined]);
    await clock.advance(10 * MINUTE);
    expect(told).toHaveLength(1);
    expect(clock.pending).toBe(0);
    await world.close();
  });

  it('[D15] no remediation text promises an action that nothing schedules', async () => {
    const { ERROR_CATALOGUE } = await import('../../../src/actors/errors.ts');
    for (const { remediation } of Object.values(ERROR_CATALOGUE)) {
      expect(remediation).not.toMatch(
        /automatic|will be|by itself|is (being )?(renewed|retried)|shortly|in the background/i,
      );
    }
    expect(ERROR_CATALOGUE.KEY_EXPIRED.remediation).toContain('renewSession()');
  });
});
