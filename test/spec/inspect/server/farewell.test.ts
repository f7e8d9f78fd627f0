import { expect, it } from 'vitest';
import { managed } from '../../../support/managed.ts';
import { inspectors, welcomed } from './support.ts';

const started = inspectors();

it('[INS-42] how the sessions ended is told before the viewers are asked to leave', async () => {
  const { clock, manager } = await managed();
  const { sessionId } = await clock.runUntil(manager.startSession());
  const { inspector } = await started({ clock });
  inspector.attach(manager);
  const viewer = await welcomed(inspector);
  const { rows } = await viewer.ask({ type: 'list', query: { offset: 0, limit: 10 } }, 'list');
  expect(rows.find(({ id }) => id === sessionId)?.state).toBe('active');
  await clock.runUntil(manager[Symbol.asyncDispose]());
  await inspector.close();
  expect((await viewer.closed).code).toBe(1001);
  const told = viewer.inbox.flatMap(message => (message.type === 'delta' ? (message.rows ?? []) : []));
  expect(told.findLast(({ id }) => id === sessionId)).toMatchObject({ state: 'ended', reason: 'disposed' });
});
