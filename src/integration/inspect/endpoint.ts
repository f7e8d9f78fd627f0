import type { Clock } from '../../actors/ports.ts';
import type { CloseCause } from '../../machines/viewer.ts';
import type { Observation } from './observation.ts';

/** What every endpoint works with. */
export interface EndpointParts {
  readonly observation: Observation;
  readonly clock: Clock;
  /** Applied to all that came from a session before it is sent. */
  readonly redact: (data: unknown) => unknown;
  /** Whether viewers may send events to actors. */
  readonly allowSend: boolean;
  /** Something threw that costs no viewer more than an answer, or its own connection. */
  readonly onFault: (error: unknown) => void;
}

/** One viewer's socket, looked after: an endpoint need not think of its limits, deadlines and faults. */
export interface Connection {
  /**
   * Sends a text frame, or a text that is encoded already. To a viewer that does not read, nothing is sent that is
   * `droppable`; once it reads again its {@link ViewerSide.resync} is called.
   *
   * @returns whether it was sent.
   */
  send(text: string | Buffer, droppable?: 'droppable'): boolean;
  /** The viewer has said who it is: from now on it counts, and the actors are observed. Once per connection. */
  greet(): void;
  /** The viewer said something that cannot be read. A few such are forgiven. */
  garbled(): void;
  close(cause: CloseCause): void;
}

/** What an endpoint does for one viewer. None of it is called after `left`. */
export interface ViewerSide {
  /** A text frame of at most 64 KiB, within the rate that is allowed. */
  receive(text: string): void;
  /** One above that rate: it is to be answered, and not to be done. */
  refuse?(text: string): void;
  /** Something droppable was left out, and there is room again. */
  resync(): void;
  /** Something was attached to the inspector, or detached from it. Not called before it counts. */
  refresh(): void;
  /** The socket is gone. Who comes back within seconds should have missed nothing. */
  left(): void;
  /** It did not come back: nothing need be kept for it. Follows `left`; not called for one that did not {@link Connection.greet}. */
  forgotten?(): void;
}

/** A way to watch: a protocol at a path of its own. */
export interface Endpoint {
  /** `/page` */
  readonly path: string;
  /** Must be offered in the handshake, and is what the answer names. */
  readonly subprotocol?: string;
  /** Where the token may stand besides `Authorization: Bearer`: in another subprotocol, or in the query as `token`. */
  readonly tokenIn: 'subprotocol' | 'query';
  /** Whether the viewer must speak first, and the endpoint {@link Connection.greet} it, within 5 s. */
  readonly needsHello: boolean;
  /** A connection that passed every check. Without `needsHello` it counts already. */
  accept(connection: Connection, query: URLSearchParams): ViewerSide;
}
