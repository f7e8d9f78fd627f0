import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../src/integration/testing/virtual-clock.ts';
import {
  createPrivacyController,
  PURGE_REASONS,
  type PurgeCommand,
  type PurgeKind,
} from '../../../src/services/privacy.ts';
import { CANARY, everythingIn, keepingLogger } from './support.ts';

const command = (change: Partial<PurgeCommand> = {}): PurgeCommand => ({
  type: 'privacy.purge',
  target: 'all',
  reason: 'user-requested',
  issuedAt: '2026-01-01T00:00:00.000Z',
  ...change,
});

/** A store with items, and what is left of them. */
function store(...items: string[]) {
  return { items, purge: () => ({ cleared: items.splice(0).length }) };
}

function privacy() {
  const clock = new VirtualClock();
  const logger = keepingLogger();
  return { clock, logger, controller: createPrivacyController({ clock, logger }) };
}

it('[D42] a purge for one session never removes the data of another', async () => {
  const { controller } = privacy();
  const [a, b] = [store('a1', 'a2'), store('b1')];
  controller.register('transcripts', a, 'A');
  controller.register('transcripts', b, 'B');
  expect(await controller.issuePurge(command({ correlationId: 'A' }))).toEqual({
    target: 'all',
    status: 'success',
    clearedCount: 2,
    retainedCount: 0,
    durationMs: 0,
  });
  expect([a.items, b.items]).toEqual([[], ['b1']]);
  expect(await controller.issuePurge(command({ correlationId: 'C' }))).toMatchObject({
    status: 'success',
    clearedCount: 0,
  });
  expect(b.items).toEqual(['b1']);
});

it('[D42] an empty id is refused; without an id everything goes', async () => {
  const { controller } = privacy();
  const [a, b] = [store('a1'), store('b1')];
  controller.register('audio', a, 'A');
  controller.register('logs', b, 'B');
  await expect(controller.issuePurge(command({ correlationId: '' }))).rejects.toMatchObject({
    code: 'INVALID_CONFIG',
    details: { field: 'correlationId' },
  });
  expect(a.items).toEqual(['a1']);
  expect(await controller.issuePurge(command({ reason: 'policy-update' }))).toMatchObject({ clearedCount: 2 });
});

it('[D42] whatever is registered: after a purge for one session exactly its items of that kind are gone', async () => {
  const kind = fc.constantFrom<PurgeKind>('audio', 'transcripts', 'logs');
  const registrations = fc.array(fc.record({ kind, session: fc.constantFrom('A', 'B', 'C'), items: fc.nat(3) }));
  await fc.assert(
    fc.asyncProperty(
      registrations,
      fc.constantFrom('A', 'B'),
      fc.option(kind, { nil: undefined }),
      async (all, session, only) => {
        const { controller } = privacy();
        const stores = all.map(each => ({ ...each, store: store(...Array.from({ length: each.items }, () => 'x')) }));
        for (const each of stores) controller.register(each.kind, each.store, each.session);
        const isHit = (each: (typeof stores)[number]) =>
          each.session === session && (only === undefined || each.kind === only);
        const expected = stores.filter(isHit).reduce((sum, each) => sum + each.items, 0);
        const result = await controller.issuePurge(command({ correlationId: session, ...(only && { target: only }) }));
        expect(result).toMatchObject({ status: 'success', clearedCount: expected });
        for (const each of stores) expect(each.store.items.length).toBe(isHit(each) ? 0 : each.items);
      },
    ),
  );
});

it('[PRV-2] a shared store is handed the id of the session', async () => {
  const { controller } = privacy();
  const asked: unknown[] = [];
  controller.register('logs', {
    purge(id) {
      asked.push(id);
      return { cleared: 1 };
    },
  });
  await controller.issuePurge(command({ correlationId: 'A' }));
  await controller.issuePurge(command({ target: 'audio' }));
  await controller.issuePurge(command());
  expect(asked).toEqual(['A', undefined]);
});

describe('[PRV-3] the result tells the truth', () => {
  it('[PRV-3] some stores fail: partial, with counts and without their words', async () => {
    const { controller, logger } = privacy();
    controller.register('transcripts', store('x', 'y'), 'A');
    controller.register('transcripts', { purge: () => Promise.reject(new Error(CANARY)) }, 'A');
    controller.register('logs', { purge: () => ({ cleared: 1, retained: 2 }) }, 'A');
    const result = await controller.issuePurge(command({ correlationId: 'A' }));
    expect(result).toEqual({
      target: 'all',
      status: 'partial',
      clearedCount: 3,
      retainedCount: 2,
      retentionNotes: 'transcripts: 1 of 2 stores failed; logs: 2 items retained',
      durationMs: 0,
    });
    expect(logger.lines).toHaveLength(1);
    expect(everythingIn([result, logger.lines])).not.toContain('canary');
  });

  it('[PRV-3] all fail: failed; items retained on purpose: partial', async () => {
    const { controller } = privacy();
    const failing = controller.register('audio', {
      purge: () => {
        throw new Error('x');
      },
    });
    expect(await controller.issuePurge(command())).toMatchObject({ status: 'failed', clearedCount: 0 });
    failing.dispose();
    controller.register('audio', { purge: () => ({ cleared: 0, retained: 1 }) });
    expect(await controller.issuePurge(command())).toMatchObject({ status: 'partial', retainedCount: 1 });
  });

  it('[PRV-3] a count that is no count is a failure', async () => {
    for (const cleared of [-1, 1.5, Number.NaN, '3', undefined]) {
      const { controller } = privacy();
      controller.register('audio', { purge: () => ({ cleared: cleared as number }) });
      expect(await controller.issuePurge(command())).toMatchObject({ status: 'failed', clearedCount: 0 });
    }
  });

  it('[D37] a store that hangs has failed after 400 ms, is told to stop, and holds up nobody', async () => {
    const { controller, clock } = privacy();
    let signal: AbortSignal | undefined;
    controller.register(
      'audio',
      {
        purge: (_, given) => {
          signal = given;
          return new Promise(() => undefined);
        },
      },
      'A',
    );
    controller.register('logs', store('x'), 'A');
    const result = controller.issuePurge(command({ correlationId: 'A' }));
    await clock.advance(400);
    expect(await result).toMatchObject({ status: 'partial', clearedCount: 1, durationMs: 400 });
    expect([signal?.aborted, clock.pending]).toEqual([true, 0]);
  });
});

it('[PRV-4] a registration that is taken back is purged no more; twice is harmless', async () => {
  const { controller } = privacy();
  const [a, other] = [store('a1'), store('a2')];
  const registration = controller.register('audio', a, 'A');
  registration.dispose();
  controller.register('audio', other, 'A');
  registration.dispose();
  expect(await controller.issuePurge(command({ correlationId: 'A' }))).toMatchObject({ clearedCount: 1 });
  expect(a.items).toEqual(['a1']);
});

it('[PRV-1] a malformed command purges nothing and names the field', async () => {
  const { controller } = privacy();
  const a = store('a1');
  controller.register('audio', a);
  const bad: [object, string][] = [
    [{ type: 'purge' }, 'type'],
    [{ target: 'everything' }, 'target'],
    [{ reason: 'because' }, 'reason'],
    [{ correlationId: 7 }, 'correlationId'],
  ];
  for (const [change, field] of bad) {
    await expect(controller.issuePurge(command(change))).rejects.toMatchObject({
      code: 'INVALID_CONFIG',
      details: { field },
    });
  }
  await expect(controller.issuePurge(undefined as unknown as PurgeCommand)).rejects.toMatchObject({
    code: 'INVALID_CONFIG',
  });
  expect(a.items).toEqual(['a1']);
  for (const reason of PURGE_REASONS)
    expect(await controller.issuePurge(command({ reason }))).toMatchObject({ status: 'success' });
  expect(() => controller.register('mail' as PurgeKind, a)).toThrow(/kind is "mail"/);
  expect(() => createPrivacyController({ storeDeadlineMs: 0 })).toThrow(/storeDeadlineMs is 0/);
});
