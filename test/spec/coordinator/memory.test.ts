import { queryObjects } from 'node:v8';
import { expect, it } from 'vitest';
import { managed } from '../../support/managed.ts';

/** Sessions per round: more than the stories of ended ones that are kept on purpose. */
const SESSIONS = 300;

it('[COO-12] nothing is kept of sessions that came and went, beyond the stories kept on purpose', async () => {
  const t = await managed({ limit: SESSIONS });
  const round = async (): Promise<number> => {
    const started = await Promise.all(Array.from({ length: SESSIONS }, () => t.manager.startSession()));
    const ends = started.map(({ sessionId }) => t.manager.endSession(sessionId));
    await t.settle();
    await Promise.all(ends);
    t.events.length = 0;
    t.log.lines.length = 0;
    for (const list of [t.provider.minted, t.provider.revoked, t.provider.requests]) list.length = 0;
    return queryObjects(Array, { format: 'count' });
  };
  await round();
  const before = await round();
  const after = await round();
  expect(after - before).toBeLessThan(SESSIONS / 2);
  await t.close();
});
