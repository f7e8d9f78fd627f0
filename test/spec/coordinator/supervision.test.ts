import { describe, expect, it, vi } from 'vitest';
import { SessionHost } from '../../../src/actors/session-host.ts';
import { FakeCredentialProvider } from '../../../src/integration/testing/fake-credential-provider.ts';
import { hangs } from '../../../src/integration/testing/provider-behaviours.ts';
import type { SessionReport } from '../../../src/machines/session-report.ts';
import { DEFAULT_SESSION_CONFIG } from '../../../src/services/session-config.ts';
import { FragileClock } from '../../support/fragile-clock.ts';
import { KeptLog, SECOND } from '../../support/managed.ts';

/** A session actor cannot be made to throw from outside; an event whose parts throw when they are read does it. */
const POISON = {
  type: 'CONFIGURE',
  get config(): never {
    throw new Error('poison');
  },
} as never;

function hosted(limit = 2) {
  const clock = new FragileClock();
  const provider = new FakeCredentialProvider(clock);
  const told: { sessionId: string; report: SessionReport }[] = [];
  const crashes: string[] = [];
  const refused: string[] = [];
  const host = new SessionHost({
    clock,
    logger: new KeptLog(),
    limits: { limit, whenFull: 'reject', queueLimit: 0, maxRestarts: 2, restartWindowMs: 60_000 },
    listener: {
      onReport: (sessionId, report) => told.push({ sessionId, report }),
      onRefused: sessionId => refused.push(sessionId),
      onCrashed: sessionId => {
        crashes.push(sessionId);
      },
    },
    steps: { notify: async () => [], purge: async () => [] },
  });
  const start = (sessionId: string): void =>
    host.start({ sessionId, driver: provider, config: () => DEFAULT_SESSION_CONFIG });
  const ended = (sessionId: string) =>
    told.filter(each => each.sessionId === sessionId && each.report.type === 'ended').map(({ report }) => report);
  return { clock, provider, host, start, told, crashes, refused, ended };
}

describe('supervision', () => {
  it('[COO-8] a session that throws leaves no timer and no credential, keeps its slot, and is started again', async () => {
    const { clock, provider, host, start, crashes, told } = hosted();
    start('a');
    start('b');
    await clock.advance(SECOND);
    const before = host.view('b');
    const timers = clock.pending;
    host.send('a', POISON);
    expect(crashes).toEqual(['a']);
    expect(host.live).toBe(2);
    await clock.advance(SECOND);
    expect(host.view('a')?.state).toBe('active');
    expect(host.view('b')).toEqual(before);
    expect(clock.pending).toBe(timers);
    expect(provider.outstanding).toHaveLength(2);
    const states = told.filter(({ sessionId }) => sessionId === 'a').map(({ report }) => report);
    expect(states.filter(({ type }) => type === 'started')).toHaveLength(1);
    expect(states.filter(report => report.type === 'state').map(report => `${report.from} → ${report.to}`)).toEqual([
      'idle → starting',
      'starting → active',
      'active → starting',
      'starting → active',
    ]);
    await Promise.all([host.drain(), clock.advance(3 * SECOND)]);
    expect(clock.pending).toBe(0);
    expect(provider.outstanding).toEqual([]);
  });

  it('[COO-9] beyond the restart budget a session that throws is ended as crashed, exactly once', async () => {
    const { clock, provider, host, start, crashes, ended } = hosted();
    start('a');
    for (let i = 0; i < 3; i++) {
      await clock.advance(2 * SECOND);
      host.send('a', POISON);
    }
    expect(crashes).toEqual(['a', 'a', 'a']);
    expect(ended('a')).toMatchObject([{ reason: 'crashed' }]);
    expect(host.live).toBe(0);
    await clock.advance(SECOND);
    expect(clock.pending).toBe(0);
    expect(provider.outstanding).toEqual([]);
    start('b');
    await clock.advance(61 * SECOND);
    host.send('b', POISON);
    expect(host.view('b')?.state).toBe('starting');
    await Promise.all([host.drain(), clock.advance(3 * SECOND)]);
    expect(clock.pending).toBe(0);
  });

  it('[COO-10] a session that throws while it waits for the provider leaves no child behind: the late answer is given back', async () => {
    const { clock, provider, host, start } = hosted();
    let answer: ((minted: unknown) => void) | undefined;
    provider.next(() => new Promise(resolve => (answer = resolve)));
    start('a');
    await clock.advance(SECOND);
    host.send('a', POISON);
    expect(provider.requests[0]?.signal.aborted).toBe(true);
    answer?.({ secret: 'late', expiresAt: clock.wall() + 60_000 });
    await clock.advance(2 * SECOND);
    expect(provider.revoked.map(({ secret }) => secret)).toEqual(['late']);
    expect(host.view('a')?.state).toBe('active');
    await Promise.all([host.drain(), clock.advance(3 * SECOND)]);
  });

  it('[COO-13] a session that throws while it ends is gone: it does not come back to life', async () => {
    const { clock, host, start, crashes, ended, provider } = hosted();
    start('a');
    await clock.advance(SECOND);
    provider.usualRevoke = () => new Promise(() => undefined);
    await clock.advance(5 * 60 * SECOND - SECOND);
    expect(host.view('a')?.state).toBe('ending');
    clock.isBroken = true;
    host.send('a', { type: 'ACTIVITY' });
    expect(crashes).toEqual(['a']);
    expect(ended('a')).toMatchObject([{ reason: 'idle' }]);
    expect(host.live).toBe(0);
    await Promise.all([host.drain(), clock.advance(3 * SECOND)]);
    expect(clock.pending).toBe(0);
  });

  it('[COO-11] a drain ends every session in every state within its deadline, also those that hang', async () => {
    const { clock, provider, host, start, ended, refused } = hosted(5);
    provider.next(hangs());
    start('starting');
    await clock.advance(0);
    start('active');
    start('paused');
    await clock.advance(0);
    host.send('paused', { type: 'PAUSE' });
    // One that does not hear: there is nothing from outside that could bring it about.
    start('deaf');
    await clock.advance(0);
    const deaf = host.actorOf('deaf');
    if (deaf !== undefined) vi.spyOn(deaf, 'send').mockReturnValue(undefined);
    provider.usualRevoke = () => new Promise(() => undefined);
    let drained = false;
    void host.drain().then(() => {
      drained = true;
    });
    start('late');
    expect(refused).toEqual(['late']);
    await clock.advance(2 * SECOND);
    expect(drained).toBe(true);
    for (const id of ['starting', 'active', 'paused']) expect(ended(id), id).toMatchObject([{ reason: 'disposed' }]);
    expect(ended('deaf')).toMatchObject([{ reason: 'disposed', unfinished: ['RELEASE_TIMEOUT'] }]);
    expect(host.live).toBe(0);
    await clock.advance(2 * SECOND);
    expect(clock.pending).toBe(0);
  });
});
