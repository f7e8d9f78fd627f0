import { expect, it } from 'vitest';
import { answers } from '../../../src/integration/testing/provider-behaviours.ts';
import { managed } from '../../support/managed.ts';

it('[COO-23] an end that overtakes the wish to be let in again leaves no slot taken', async () => {
  const { manager, clock, provider, settle, close } = await managed({
    limit: 2,
    hooks: { onSessionEnding: () => new Promise(() => undefined) },
  });
  const failed = await manager.startSession();
  provider.next(answers(401));
  await clock.advance(2_000);
  await expect(manager.renewSession(failed.sessionId)).resolves.toMatchObject({ success: false });
  await settle();

  // While the coordinator lets another one in, what it is asked for waits; the end does not.
  let renewal: Promise<unknown> | undefined;
  manager.onSessionStateChanged(async ({ sessionId, newState }) => {
    if (newState !== 'starting' || sessionId === failed.sessionId) return;
    renewal ??= manager.renewSession(failed.sessionId);
    manager.endSessionSync(failed.sessionId);
  });
  const starts = [manager.startSession(), manager.startSession()];
  expect(manager.getSessionInfo(failed.sessionId)?.state).toBe('failed');
  await expect(Promise.all(starts)).resolves.toHaveLength(2);
  await clock.advance(2_000);
  await expect(renewal).resolves.toMatchObject({ success: false });
  await close();
});
