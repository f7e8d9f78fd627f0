import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it, vi } from 'vitest';
import { answers, mints } from '../../../src/integration/testing/provider-behaviours.ts';
import { systemClock } from '../../../src/services/system-clock.ts';
import { managed, SECOND } from '../../support/managed.ts';

const INDEX = pathToFileURL(resolve(import.meta.dirname, '../../../src/index.ts')).href;

it('[SES-27] a call that is waited for keeps the process alive, in an otherwise empty one', () => {
  const program = `
    const { createSessionManager } = await import(${JSON.stringify(INDEX)});
    let failures = 1;
    const mint = async () => {
      if (failures-- > 0) throw Object.assign(new Error('busy'), { status: 503 });
      return { secret: 'k', expiresAt: Date.now() + 60_000 };
    };
    const manager = createSessionManager({ credentials: { mint, revoke: () => new Promise(() => {}) } });
    await manager.initialize();
    const { sessionId } = await manager.startSession({ retryBackoffMs: 0 });
    await manager.endSession(sessionId);
    console.log(JSON.stringify(manager.explain(sessionId).unfinished));
    const again = await manager.startSession();
    failures = 1;
    console.log((await manager.renewSession(again.sessionId)).success);
  `;
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', program],
    { encoding: 'utf8' },
  );
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '["RELEASE_TIMEOUT"]\ntrue\n', stderr: '' });
});

it('[SES-27] a hold takes hold of the timer that is armed already, and lets go of it when the last one is given back', () => {
  const arm = vi.spyOn(globalThis, 'setTimeout');
  try {
    const clock = systemClock();
    const handle = clock.setTimeout(() => undefined, 60 * SECOND);
    const timer = arm.mock.results[0]?.value as NodeJS.Timeout;
    const [first, second] = [clock.hold?.(), clock.hold?.()];
    const seen = [timer.hasRef()];
    first?.();
    first?.();
    seen.push(timer.hasRef());
    second?.();
    seen.push(timer.hasRef());
    clock.clearTimeout(handle);
    expect(seen).toEqual([true, true, false]);
  } finally {
    arm.mockRestore();
  }
});

it('[SES-28] a session that has just failed is renewed as soon as it has given back what it held', async () => {
  const t = await managed();
  t.provider.usualRevoke = () => new Promise(resolve => t.clock.setTimeout(() => resolve(undefined), SECOND / 2));
  const { sessionId } = await t.manager.startSession();
  await t.clock.advance(SECOND);
  t.provider.next(answers(401), mints());
  expect(await t.manager.renewSession(sessionId)).toMatchObject({ success: false });
  expect(t.manager.getSessionInfo(sessionId)?.state).toBe('failed');
  const renewal = t.manager.renewSession(sessionId);
  await t.clock.advance(2 * SECOND);
  expect(await renewal).toMatchObject({ success: true });
  await t.close();
});
