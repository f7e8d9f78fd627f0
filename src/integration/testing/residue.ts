import { SessionchartError } from '../../actors/errors.ts';
import { notAllowed, shownName } from '../../services/config-field.ts';
import type { SessionManager } from '../../services/session-manager.ts';
import { checkMethods, checkParts } from './checks.ts';
import type { FakeCredentialProvider } from './fake-credential-provider.ts';
import type { SocketPair } from './socket-pair.ts';

/** Where to look for what was left behind. Each part is optional; one at least must be given. */
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
  override readonly name = 'ResidueError';
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
 * @throws SessionchartError `INVALID_CONFIG` where there is nothing to look at, or a part that cannot be looked at.
 *
 * @example
 * ```ts
 * manager.dispose();
 * await clock.advance(2_000); // ends and releases take no longer
 * assertNoResidue({ clock, manager, provider });
 * ```
 */
export function assertNoResidue(sources: ResidueSources): void {
  checkSources(sources);
  const { clock, manager, provider, sockets = [], counts = {} } = sources;
  const pairs = [...sockets];
  if (!pairs.every(isPair)) throw notAllowed('sockets', pairs, 'a list of what createSocketPair() made');
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
  for (const { client, server, toServer, toClient } of pairs) {
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

const PARTS: readonly (keyof ResidueSources)[] = ['clock', 'manager', 'provider', 'sockets', 'counts'];
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 0;

/** What cannot be looked at would pass in silence. */
function checkSources(sources: ResidueSources): void {
  checkParts('sources', sources, PARTS);
  const { clock, manager, provider, sockets, counts } = sources;
  if (PARTS.every(part => sources[part] === undefined)) {
    const message = `nothing was given to look at; allowed: at least one of ${PARTS.join(', ')}`;
    throw new SessionchartError('INVALID_CONFIG', { message, field: 'sources', allowed: PARTS.join(', ') });
  }
  if (clock !== undefined && !isCount(clock?.pending)) {
    throw notAllowed('clock.pending', clock?.pending, 'a number of timers; VirtualClock and systemClock() have it');
  }
  checkMethods('manager', manager, ['getAllSessions', 'getCredentialCounts']);
  if (provider !== undefined && !Array.isArray(provider?.outstandingCredentials)) {
    const allowed = 'a list of credentials; FakeCredentialProvider has it';
    throw notAllowed('provider.outstandingCredentials', provider?.outstandingCredentials, allowed);
  }
  if (
    sockets !== undefined &&
    typeof (sockets as Partial<Iterable<unknown>> | null)?.[Symbol.iterator] !== 'function'
  ) {
    throw notAllowed('sockets', sockets, 'a list of what createSocketPair() made');
  }
  if (counts === undefined) return;
  if (typeof counts !== 'object' || counts === null) throw notAllowed('counts', counts, 'an object of numbers by name');
  for (const [name, count] of Object.entries(counts)) {
    if (!isCount(count)) throw notAllowed(`counts.${shownName(name)}`, count, 'a whole number from 0');
  }
}

function isPair(value: unknown): boolean {
  const { client, server, toServer, toClient } = (value ?? {}) as Partial<SocketPair>;
  return (
    [client, server].every(end => typeof end?.readyState === 'number') &&
    [toServer, toClient].every(wire => Array.isArray(wire?.queued))
  );
}
