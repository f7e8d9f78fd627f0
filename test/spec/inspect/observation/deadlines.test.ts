import { expect, it } from 'vitest';
import { MINUTE, managed } from '../../../support/managed.ts';
import { looking } from './support.ts';

it('[INS-6] the idle window is told as it ends, though its timer is armed anew only when it fires', async () => {
  const t = await managed({ config: { inactivityTimeoutMinutes: 5 } });
  const { manager, clock } = t;
  const { observation, key } = looking(manager.inspection());
  const { sessionId } = await manager.startSession();
  const actor = key(sessionId);
  observation.watch(actor);
  await clock.advance(2 * MINUTE);
  await manager.resetInactivityTimer(sessionId);
  const idleAt = observation.view(actor)?.timers.find(({ name }) => name === 'inactivity')?.at;
  expect(idleAt).toBe(Math.round(clock.wall()) + 5 * MINUTE);
  await t.close();
});
