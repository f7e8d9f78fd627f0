import { SessionchartError } from '../../actors/errors.ts';
import { shownName } from '../../services/config-field.ts';
import type { SessionManager } from '../../services/session-manager.ts';
import type { FakeCredentialProvider } from './fake-credential-provider.ts';
import type { SocketPair } from './socket-pair.ts';

/** Where to look for what was left behind. All parts are optional. */
export interface ResidueSources {
  /** A clock that counts its timers: a `VirtualClock`, or `systemClock()`. */
  readonly clock?: { readonly pending: number };
  readonly manager?: Pick<SessionManager, 'getAllSessions' | 'getCredentialCounts'>;
  /** `revoke` was asked for every credential that it handed over. */
  readonly provider?: Pick<FakeCredentialProvider, 'outstandingCredentials'>;
  readonly sockets?: Iterable<SocketPair>;
  /** Anything else that can be counted, by name: `{ executions: executor.size }`. */
  readonly counts?: Readonly<Record<string, number>>;
}

/** Something is left where nothing should be. `code` is `RESIDUE_LEFT`. */
export class ResidueError extends SessionchartError {
  /** One entry for each thing that is left: what it is, and what to do. Holds no secret. */
  readonly left: readonly string[];

  constructor(left: readonly string[]) {
    super('RESIDUE_LEFT', { message: `something is left:\n- ${left.join('\n- ')}` });
    this.left = Object.freeze([...left]);
  }
}

/**
 * Makes sure that nothing is left: no timer, session, credential or socket. Call it when everything is disposed of and
 * releases had their time.
 *
 * @throws ResidueError that lists everything that is left, each with what to do.
 *
 * @example
 * ```ts
 * manager.dispose();
 * await clock.advance(2_000); // ends and releases take no longer
 * assertNoResidue({ clock, manager, provider });
 * ```
 */
export function assertNoResidue({ clock, manager, provider, sockets = [], counts = {} }: ResidueSources): void {
  const left: string[] = [];
  const note = (count: number, what: string, remedy: string, shown = String(count)): void => {
    if (count > 0) left.push(`${what} (${shown}): ${remedy}`);
  };

  note(clock?.pending ?? 0, 'timers armed', 'dispose of what armed them, and give an end the 2 s it may take.');
  note(
    manager?.getAllSessions().length ?? 0,
    'sessions not ended',
    'call dispose() on the manager, and give their ends the 2 s they may take.',
  );
  note(manager?.getCredentialCounts().held ?? 0, 'credentials held', 'end the sessions that hold them.');
  const outstanding = provider?.outstandingCredentials ?? [];
  const whose = outstanding.map(({ sessionId, attempt }) => `${shownName(sessionId)} #${attempt}`).join(', ');
  note(outstanding.length, 'credentials not revoked', 'they were minted, and revoke() was never asked.', whose);
  let pair = 0;
  for (const { client, server, toServer, toClient } of sockets) {
    pair += 1;
    for (const [end, socket] of Object.entries({ client, server })) {
      if (socket.readyState === socket.CLOSED) continue;
      left.push(`the ${end} of socket pair ${pair} is not closed: close it and flush(), or sever() the pair.`);
    }
    note(
      toServer.queued.length + toClient.queued.length,
      `frames of socket pair ${pair} not flushed`,
      'flush() the pair.',
    );
  }
  for (const [name, count] of Object.entries(counts)) note(count, shownName(name), 'dispose of what keeps them.');
  if (left.length > 0) throw new ResidueError(left);
}
