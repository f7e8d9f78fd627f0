import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ActorKey, ActorView } from '../../../../src/integration/inspect/page-protocol.ts';
import { answers, mints, slowly } from '../../../../src/integration/testing/provider-behaviours.ts';
import { managed, SECOND } from '../../../support/managed.ts';
import { actorIn, applied, expectNoGap, looking, POISON, replayed } from './support.ts';

const step = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('take', 'view', 'start', 'crash', 'fail the next mint', 'mint slowly') },
  {
    weight: 8,
    arbitrary: fc.constantFrom('END', 'PAUSE', 'RESUME', 'RENEW', 'ACTIVITY', 'CONFIGURE', 'TRANSPORT', 'REFUSED'),
  },
  { weight: 6, arbitrary: fc.constantFrom(0, 1, SECOND, 20 * SECOND, 55 * SECOND, 400 * SECOND) },
);

const FIELDS: Readonly<Record<string, object>> = {
  CONFIGURE: { config: { inactivityTimeoutMinutes: 1 } },
  TRANSPORT: { state: 'connected' },
};

describe('what is told of watched actors', () => {
  it('[INS-7] all deltas applied to the first view give a fresh view, whatever happens between them', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async steps => {
        const t = await managed({ limit: 2, restarts: { max: 2, windowMs: 60 * SECOND } });
        const target = t.manager.inspection();
        const { observation, key, faults } = looking(target);
        const { sessionId } = await t.manager.startSession();
        const watched = [key(sessionId), key('coordinator')];
        const views = new Map<ActorKey, ActorView>();
        for (const actor of watched) {
          expect(observation.watch(actor)).toBe(true);
          views.set(actor, observation.view(actor) as ActorView);
        }
        const take = (): void => {
          const fresh = new Map(watched.map(actor => [actor, observation.view(actor) as ActorView]));
          for (const delta of observation.take().actors) {
            views.set(delta.actor, applied(views.get(delta.actor) as ActorView, delta));
          }
          for (const actor of watched) {
            const mine = views.get(actor) as ActorView;
            const theirs = fresh.get(actor) as ActorView;
            expect({ ...mine, log: mine.log.slice(mine.log.length - theirs.log.length), base: 0, dropped: 0 }).toEqual({
              ...theirs,
              base: 0,
              dropped: 0,
            });
            expectNoGap(mine);
            expect(replayed(mine)).toEqual(mine.context);
            expect(replayed(theirs)).toEqual(theirs.context);
          }
        };
        for (const each of steps) {
          if (typeof each === 'number') await t.clock.advance(each);
          else if (each === 'take') take();
          else if (each === 'view') observation.view(watched[0] as ActorKey);
          else if (each === 'start') void t.manager.startSession().catch(() => undefined);
          else if (each === 'fail the next mint') t.provider.next(answers(503), answers(503), answers(503));
          else if (each === 'mint slowly') t.provider.next(slowly(5 * SECOND), mints(40 * SECOND));
          else if (each === 'crash') {
            if (target.actorOf(`session:${sessionId}`) !== undefined) actorIn(target, sessionId).send(POISON);
          } else {
            void observation.send(watched[0] as ActorKey, { type: each, ...FIELDS[each] }).catch(() => undefined);
          }
        }
        take();
        expect(faults).toEqual([]);
        const { total, counts } = observation.overview()[0] as { total: number; counts: Record<string, number> };
        const { rows } = observation.list({ offset: 0, limit: 500 });
        expect(rows).toHaveLength(total);
        const states = rows.map(({ state }) => state);
        for (const state of new Set([...states, ...Object.keys(counts)])) {
          expect(counts[state]).toBe(states.filter(other => other === state).length);
        }
        observation.close();
        await t.close();
      }),
      { numRuns: 80 },
    );
  });
});
