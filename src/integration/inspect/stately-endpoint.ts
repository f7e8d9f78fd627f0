import type { Endpoint, EndpointParts } from './endpoint.ts';
import { ForeignRelay } from './foreign-relay.ts';
import { statelyDialect } from './stately-protocol.ts';

/**
 * The events of @statelyai/inspect 0.7: `createWebSocketReceiver({ server })` of that package connects to
 * `ws://127.0.0.1:<port>/stately?token=<token>`, with `&session=<id>` to one session alone.
 *
 * It goes one way: what a viewer says is not looked at.
 */
export function statelyEndpoint({ observation, clock, redact }: EndpointParts): Endpoint {
  const dialect = statelyDialect(redact, clock);
  return {
    path: '/stately',
    tokenIn: 'query',
    needsHello: false,
    accept(connection, query) {
      const relay = new ForeignRelay(connection, observation, dialect, query.get('session'));
      const leave = observation.feed(record => relay.hear(record));
      try {
        relay.restart();
      } catch (error) {
        leave();
        throw error;
      }
      return { receive() {}, resync: () => relay.catchUp(), refresh: () => relay.refresh(), left: leave };
    },
  };
}
