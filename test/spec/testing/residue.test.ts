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
    expect(error).toMatchObject({ code: 'RESIDUE_LEFT' });
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
    assertNoResidue({});
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
