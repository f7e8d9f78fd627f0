import { describe, expect, it } from 'vitest';
import { type InspectionEvent, pathToStateValue } from 'xstate';
import { tableOf } from '../../scripts/transition-table.ts';
import { answers, type Behaviour, hangs } from '../../src/integration/testing/provider-behaviours.ts';
import { VirtualClock } from '../../src/integration/testing/virtual-clock.ts';
import { sessionMachine } from '../../src/machines/session.ts';
import { createCircuitBreakers } from '../../src/services/circuit-breakers.ts';
import type { SessionManager } from '../../src/services/session-manager.ts';
import type { SessionManagerOptions } from '../../src/services/session-manager-options.ts';
import { type Managed, managed, SECOND } from '../support/managed.ts';

/** How a session of a real manager comes to a state. */
interface Recipe {
  readonly leaf: string;
  readonly options?: Partial<SessionManagerOptions>;
  readonly reach: (t: Managed) => unknown;
  /** Where a guard decides, and says no. */
  readonly guardFails?: readonly string[];
}

const never = (): Promise<never> => new Promise(() => undefined);
const hookHangs: Recipe['options'] = { hooks: { onSessionEnding: never } };
const purgeHangs: Recipe['options'] = { privacy: { issuePurge: never } };
const noCredential = { credentials: undefined } as unknown as SessionManagerOptions;

const only = ({ manager }: Managed): string => manager.getAllSessions()[0]?.sessionId ?? 'none';
const start = ({ manager }: Managed): void => void manager.startSession().catch(() => undefined);
const startWith = (behaviour: Behaviour) => (t: Managed) => {
  t.provider.next(behaviour);
  start(t);
};
const end = (t: Managed): void => void t.manager.endSession(only(t));
const renew = (t: Managed): void => void t.manager.renewSession(only(t));

/** Serving, and far enough from the last mint for the next one. */
async function serve(t: Managed): Promise<void> {
  start(t);
  await t.clock.advance(2 * SECOND);
}

/** Comes to serve, and then does all this. */
const then =
  (...acts: ((t: Managed) => void)[]) =>
  async (t: Managed): Promise<void> => {
    await serve(t);
    for (const act of acts) {
      act(t);
      await t.settle();
    }
  };

const fail = (t: Managed): void => {
  t.provider.next(answers(401));
  renew(t);
};
const revokeHangs = (t: Managed): void => void t.provider.nextRevoke(hangs());

const RECIPES: Readonly<Record<string, Recipe>> = {
  'a first mint that hangs': { leaf: 'starting.acquiring', reach: startWith(hangs()) },
  'a first mint that failed': { leaf: 'starting.backingOff', reach: startWith(answers(503)) },
  'a channel that does not open': { leaf: 'starting.opening', options: { driver: { open: never } }, reach: start },
  'a session that serves': { leaf: 'serving.active', reach: serve },
  'a session without a credential': {
    leaf: 'serving.active',
    options: noCredential,
    reach: serve,
    guardFails: ['RENEW'],
  },
  'a renewal that hangs': {
    leaf: 'serving.renewing.acquiring',
    reach: then(t => void t.provider.next(hangs()), renew),
  },
  'a renewal that failed once': {
    leaf: 'serving.renewing.backingOff',
    reach: then(t => void t.provider.next(answers(503)), renew),
  },
  'a paused session': { leaf: 'paused', reach: then(t => void t.manager.pauseSession(only(t))) },
  'an end that waits for a hook': { leaf: 'ending.notifying', options: hookHangs, reach: then(end) },
  'an end that waits for a release': { leaf: 'ending.releasing', reach: then(revokeHangs, end) },
  'an end that waits for a purge': { leaf: 'ending.purging', options: purgeHangs, reach: then(end) },
  'a failed session that releases': { leaf: 'failed.releasing', reach: then(revokeHangs, fail) },
  'one that will end then': {
    leaf: 'failed.releasing',
    reach: then(revokeHangs, fail, end),
    guardFails: ['RENEW'],
  },
  'a failed session': { leaf: 'failed.retained', reach: then(fail) },
  'a failed session without a credential': {
    leaf: 'failed.retained',
    options: { ...noCredential, driver: { open: () => Promise.reject(Object.assign(new Error(), { status: 403 })) } },
    reach: start,
    guardFails: ['RENEW'],
  },
  'a failed session that waits for a hook': { leaf: 'failed.notifying', options: hookHangs, reach: then(fail, end) },
  'a failed session that waits for a purge': { leaf: 'failed.purging', options: purgeHangs, reach: then(fail, end) },
};

const CALLS: Readonly<Record<string, (manager: SessionManager, id: string) => Promise<unknown>>> = {
  PAUSE: (manager, id) => manager.pauseSession(id),
  RESUME: (manager, id) => manager.resumeSession(id),
  CONFIGURE: (manager, id) => manager.updateSessionConfig(id, { inactivityTimeoutMinutes: 7 }),
  RENEW: async (manager, id) => {
    const { success, error } = await manager.renewSession(id);
    if (!success) throw error;
  },
};

const TABLE = tableOf(sessionMachine);
const RESTING = TABLE.states.filter(({ kind }) => kind === 'resting');

describe('public calls', () => {
  it('[MOD-5] a real manager is brought to every state in which a session can rest', () => {
    expect([...new Set(Object.values(RECIPES).map(({ leaf }) => leaf))].sort()).toEqual(
      RESTING.map(({ path }) => path).sort(),
    );
  });

  for (const [name, { leaf, options, reach, guardFails = [] }] of Object.entries(RECIPES)) {
    for (const [event, call] of Object.entries(CALLS)) {
      it(`[MOD-5] ${name} (${leaf}): ${event} is answered as the chart says`, async () => {
        const cell = RESTING.find(({ path }) => path === leaf)?.cells.find(each => each.event === event);
        const said = guardFails.includes(event) ? cell?.otherwise : (cell?.rows[0]?.meaning ?? cell?.otherwise);
        let value: unknown;
        const inspect = (seen: InspectionEvent): void => {
          const isSession = String(Reflect.get(seen.actorRef, 'id')).startsWith('session-');
          if (seen.type === '@xstate.snapshot' && isSession) value = Reflect.get(seen.snapshot, 'value');
        };
        const t = await managed({ ...options, inspect });
        await reach(t);
        await t.settle();
        expect(value).toEqual(pathToStateValue(leaf.split('.')));

        let answer = 'not yet';
        call(t.manager, only(t)).then(
          () => (answer = 'done'),
          (error: { readonly code: string }) => (answer = error.code),
        );
        await t.settle();
        if (said?.kind === 'refused') expect(answer).toBe(said.codes[0]);
        else expect(['done', 'not yet']).toContain(answer);
        if (said?.kind !== 'taken' && said?.kind !== 'postponed')
          expect(value).toEqual(pathToStateValue(leaf.split('.')));
        t.manager.dispose();
        await t.clock.advance(5 * SECOND);
        expect(t.clock.pending).toBe(0);
      });
    }
  }

  it('[MOD-5] a refusal names the states in which the chart takes the call', async () => {
    const t = await managed();
    await serve(t);
    t.provider.nextRevoke(hangs());
    end(t);
    await t.settle();
    const allowed = {
      PAUSE: 'active, renewing',
      RESUME: 'paused',
      CONFIGURE: 'starting, active, renewing, paused, failed',
    };
    for (const [event, states] of Object.entries(allowed)) {
      await expect(CALLS[event]?.(t.manager, only(t))).rejects.toMatchObject({
        code: 'SESSION_NOT_ACTIVE',
        message: `The session is ending; allowed: ${states}.`,
        details: { allowed: states },
      });
    }
    await t.clock.advance(5 * SECOND);
    await t.close();
  });

  it('[MOD-5] a breaker refuses in the states and until the times that its chart says', () => {
    const clock = new VirtualClock();
    const breakers = createCircuitBreakers({ clock, threshold: 1, cooldownMs: 5_000 });
    const enter = () => breakers.enter('a');
    const isRefused = (): void => expect(enter).toThrow(expect.objectContaining({ code: 'CIRCUIT_OPEN' }));
    enter().failed();
    isRefused();
    clock.advanceSync(4_999);
    isRefused();
    clock.advanceSync(1);
    enter();
    isRefused();
    clock.advanceSync(5_000);
    enter().succeeded();
    enter();
    expect(breakers.stateOf('a').state).toBe('closed');
  });
});
