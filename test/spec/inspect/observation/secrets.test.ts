import { describe, expect, it } from 'vitest';
import { assign, createActor, createMachine, fromPromise, sendTo, setup, spawnChild } from 'xstate';
import { rejectsWith } from '../../../../src/integration/testing/provider-behaviours.ts';
import { managed, SECOND } from '../../../support/managed.ts';
import { type Looking, looking, lookingAt } from './support.ts';

const CANARY = 'ek_canary0123456789';

/** Everything that an observation ever answers, as text. */
function everything({ observation }: Looking): string {
  const { rows } = observation.list({ offset: 0, limit: 500 });
  return JSON.stringify([
    observation.sources,
    observation.overview(),
    rows,
    rows.map(({ actor }) => [observation.row(actor), observation.view(actor), observation.explain(actor)]),
    rows.map(({ chart }) => chart && observation.chartOf(chart)),
  ]);
}

const taken = ({ observation }: Looking): string => {
  const { rows, ...changes } = observation.take();
  return JSON.stringify([changes, ...rows.values()]);
};

const teller = setup({
  actors: {
    answer: fromPromise(async ({ input }: { input: { apiKey: string } }) => ({ note: `got ${input.apiKey}` })),
    fail: fromPromise(async (): Promise<never> => {
      throw Object.assign(new Error(`no ${CANARY}`), { code: CANARY, headers: { cookie: 'plain-canary' } });
    }),
    child: createMachine({ id: 'child', context: { token: 'plain-canary', list: [CANARY] }, on: { HELLO: {} } }),
  },
}).createMachine({
  id: 'teller',
  context: { password: 'plain-canary', text: `the key is ${CANARY}`, nested: { deep: { secret: 'plain-canary' } } },
  initial: 'asking',
  entry: spawnChild('child', { id: 'child', syncSnapshot: true }),
  states: {
    asking: {
      invoke: {
        id: 'answer',
        src: 'answer',
        input: () => ({ apiKey: CANARY }),
        onDone: {
          target: 'failing',
          actions: assign({ text: ({ event }) => (event as { output: { note: string } }).output.note }),
        },
      },
    },
    failing: { invoke: { id: 'fail', src: 'fail', onError: 'over' } },
    over: {},
  },
  on: {
    TELL: {
      actions: [
        assign({ text: ({ event }) => event.said }),
        sendTo('child', ({ event }) => ({ ...event, type: 'HELLO' })),
      ],
    },
    THROW: {
      actions: assign(() => {
        throw Object.assign(new Error(CANARY), { name: CANARY });
      }),
    },
  },
});

describe('secrets', () => {
  it('[INS-12] of contexts, events, inputs, outputs and errors of any actor are in no answer', async () => {
    const actor = createActor(teller, { id: 'teller' });
    actor.subscribe({ error: () => undefined });
    const eyes = lookingAt(actor);
    const { observation, key } = eyes;
    for (const id of ['teller', 'child']) observation.watch(key(id));
    actor.start();
    const texts = [taken(eyes), everything(eyes)];
    await new Promise(resolve => setImmediate(resolve));
    actor.send({ type: 'TELL', said: `psst: ${CANARY}`, authorization: 'plain-canary', by: actor } as never);
    texts.push(taken(eyes), everything(eyes));
    actor.send({ type: 'THROW', [CANARY]: 1 } as never);
    texts.push(everything(eyes), taken(eyes));
    const all = texts.join();
    expect(/.{80}canary.{20}/.exec(all)?.[0]).toBeUndefined();
    expect(all).toContain(
      '"payload":{"snapshot":{"status":"active","state":{},"context":{"token":"[redacted]","list":["[redacted]"]}}}',
    );
    for (const part of ['HELLO', 'got [redacted]', 'fail', '[actor x:', '"status":"error"'])
      expect(all).toContain(part);
    expect(all.length).toBeLessThan(100_000);
    expect(eyes.faults).toEqual([]);
  });

  it('[INS-12] of a manager are in no answer: not the credential, nor what a provider fails with', async () => {
    const t = await managed({ createSessionId: () => 'only' });
    const eyes = looking(t.manager.inspection());
    const { observation, key } = eyes;
    await t.manager.startSession();
    observation.watch(key('only'));
    observation.watch(key('coordinator'));
    const secrets = [t.manager.credentialFor('only')?.reveal() ?? 'none'];
    const texts = [taken(eyes), everything(eyes)];
    t.provider.next(rejectsWith(Object.assign(new Error(CANARY), { status: 503, body: CANARY, code: CANARY })));
    await t.clock.advance(50 * SECOND);
    texts.push(taken(eyes), everything(eyes));
    await t.clock.advance(5 * SECOND);
    secrets.push(t.manager.credentialFor('only')?.reveal() ?? 'none');
    await t.manager.endSession('only');
    texts.push(everything(eyes), taken(eyes));
    const all = texts.join();
    for (const secret of [CANARY, ...secrets]) expect(all).not.toContain(secret);
    expect(secrets).toEqual(['ek_only_1_0', 'ek_only_3_1']);
    expect(all).toContain('SERVICE_UNAVAILABLE');
    await t.close();
  });

  it('[INS-12] neither is one of a description of a chart', () => {
    const machine = createMachine({
      id: 'described',
      description: `asks with ${CANARY}`,
      initial: 'a',
      states: { a: { description: 'harmless' } },
    });
    const eyes = lookingAt(createActor(machine).start());
    expect(everything(eyes)).not.toContain(CANARY);
    expect(everything(eyes)).toContain('asks with');
    expect(everything(eyes)).toContain('harmless');
  });
});
