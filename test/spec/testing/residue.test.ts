import { describe, expect, it } from 'vitest';
import { hangs } from '../../../src/integration/testing/provider-behaviours.ts';
import { assertNoResidue, ResidueError } from '../../../src/integration/testing/residue.ts';
import { createSocketPair } from '../../../src/integration/testing/socket-pair.ts';
import { managed, SECOND } from '../../support/managed.ts';

const residueOf = (sources: Parameters<typeof assertNoResidue>[0]): readonly string[] => {
  try {
    assertNoResidue(sources);
  } catch (error) {
    expect(error).toBeInstanceOf(ResidueError);
    expect(error).toMatchObject({ code: 'RESIDUE_LEFT', name: 'ResidueError' });
    const { left, message } = error as ResidueError;
    for (const line of left) expect(message).toContain(line);
    return left;
  }
  return [];
};

describe('residue', () => {
  it('[TST-13] nothing left is nothing said', async () => {
    const { manager, clock, provider, close } = await managed();
    await manager.startSession();
    await close();
    const pair = createSocketPair();
    pair.client.close(1000);
    pair.flush();
    assertNoResidue({ clock, manager, provider, sockets: [pair], counts: { executions: 0 } });
  });

  it('[TST-13] what cannot be looked at is refused, instead of passing in silence', () => {
    const refused: readonly [unknown, string][] = [
      [{}, 'nothing was given to look at; allowed: at least one of clock, manager, provider, sockets, counts'],
      [{ clock: undefined }, 'nothing was given to look at'],
      [undefined, 'sources is undefined; allowed: an object with'],
      [{ credentials: [], clocks: {} }, 'credentials is not a known setting; allowed: clock, manager'],
      [{ clock: { now: () => 0 } }, 'clock.pending is undefined; allowed: a number of timers'],
      [{ clock: null }, 'clock.pending is undefined'],
      [{ manager: { getAllSessions: () => [] } }, 'manager.getCredentialCounts is undefined; allowed: a function'],
      [{ provider: { mint: () => undefined } }, 'provider.outstandingCredentials is undefined; allowed: a list'],
      [{ sockets: createSocketPair() }, 'sockets is an object; allowed: a list of what createSocketPair() made'],
      [{ sockets: [createSocketPair().client] }, 'sockets is a list; allowed: a list of what createSocketPair() made'],
      [{ sockets: [undefined] }, 'sockets is a list'],
      [{ counts: { x: Number.NaN } }, 'counts.x is NaN; allowed: a whole number from 0'],
      [{ counts: { x: '1' } }, 'counts.x is "1"'],
      [{ counts: 3 }, 'counts is 3; allowed: an object of numbers by name'],
    ];
    for (const [sources, words] of refused) {
      expect(() => assertNoResidue(sources as never)).toThrow(expect.objectContaining({ code: 'INVALID_CONFIG' }));
      expect(() => assertNoResidue(sources as never)).toThrow(words);
    }
    function* once() {
      yield createSocketPair();
    }
    expect(residueOf({ sockets: once() }), 'what can be gone through once only is').toHaveLength(2);
  });

  it('[TST-13] everything that is left is told, each with what to do, and no secret', async () => {
    const { manager, clock, provider, close } = await managed();
    const { sessionId } = await manager.startSession();
    const [minted] = provider.minted;
    const left = residueOf({ clock, manager, provider, counts: { executions: 2 } });
    expect(left.map(line => line.split(':')[0])).toEqual([
      `timers armed (${clock.pending})`,
      'sessions not ended (1)',
      'credentials held (1)',
      `credentials not revoked (${sessionId.slice(0, 40)}… #1)`,
      'executions (2)',
    ]);
    expect(left[0]).toContain('dispose of what armed them');
    expect(left.join()).not.toContain(minted?.secret);
    await close();
    expect(residueOf({ clock, manager, provider })).toEqual([]);
  });

  it('[TST-13] a credential whose revoke was never asked is told by whose it is', async () => {
    const { manager, clock, provider } = await managed();
    provider.nextRevoke(hangs());
    await manager.startSession();
    await provider.mint({ sessionId: 'forgotten', attempt: 3, signal: new AbortController().signal });
    manager.dispose();
    await clock.advance(5 * SECOND);
    expect(residueOf({ clock, manager, provider })).toEqual([
      'credentials not revoked (forgotten #3): they were minted, and revoke() was never asked.',
    ]);
  });

  it('[TST-13] sockets that are not closed and frames that wait are told', () => {
    const closed = createSocketPair();
    closed.sever();
    const open = createSocketPair();
    open.client.send('waiting');
    open.client.close();
    expect(residueOf({ sockets: [closed, open] })).toEqual([
      'the client of socket pair 2 is not closed: close it and flush(), or sever() the pair.',
      'the server of socket pair 2 is not closed: close it and flush(), or sever() the pair.',
      'frames of socket pair 2 not flushed (2): flush() the pair.',
    ]);
  });
});
