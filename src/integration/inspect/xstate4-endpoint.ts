import { isSessionchartError, SessionchartError } from '../../actors/errors.ts';
import { shownName } from '../../services/config-field.ts';
import { faultOfShape } from './client-message.ts';
import type { Endpoint, EndpointParts, ViewerSide } from './endpoint.ts';
import { ForeignRelay } from './foreign-relay.ts';
import { type ReceiverEvent, readReceiverMessage, xstate4Dialect } from './xstate4-protocol.ts';

/**
 * The wire protocol of @xstate/inspect 0.8, so that what was made for XState 4 can watch: `createWebSocketReceiver`
 * of that package connects to `127.0.0.1:<port>/xstate?token=<token>`, with `&session=<id>` to one session alone.
 *
 * The protocol has no word for an event that was refused; `xstate.refused` with code and message says it, and
 * receivers that do not know it drop it.
 */
export function xstate4Endpoint({ observation, redact, allowSend }: EndpointParts): Endpoint {
  const dialect = xstate4Dialect(redact);

  const pass = async ({ target, event }: ReceiverEvent, relay: ForeignRelay): Promise<void> => {
    if (!allowSend) throw new SessionchartError('SEND_NOT_ALLOWED');
    if (event.type.startsWith('xstate.')) throw refused('event.type', 'begins with "xstate."', 'any other type');
    const fault = faultOfShape(event);
    if (fault !== undefined) throw refused('event', fault[2], fault[1]);
    const actor = relay.actorOf(target);
    const key = actor && observation.keyOf(actor);
    if (key === undefined) throw new SessionchartError('ACTOR_NOT_FOUND');
    await observation.send(key, event);
  };

  return {
    path: '/xstate',
    tokenIn: 'query',
    needsHello: true,
    accept(connection, query): ViewerSide {
      const relay = new ForeignRelay(connection, observation, dialect, query.get('session'));
      let leave: (() => void) | undefined;

      const start = (): void => {
        if (leave === undefined) {
          connection.greet();
          leave = observation.feed(record => relay.hear(record));
        }
        relay.restart();
      };

      const refuse = (error: unknown, service?: string): void => {
        const { code, message } = isSessionchartError(error) ? error : new SessionchartError('UNKNOWN_ERROR');
        connection.send(JSON.stringify({ type: 'xstate.refused', service, code, message }));
      };

      return {
        receive(text) {
          const message = readReceiverMessage(text);
          if (message === undefined) connection.close('malformed');
          else if (message.type === 'inspecting') start();
          else if (message.type === 'other') {
            refuse(refused('type', 'is another one', '"xstate.inspecting" or "xstate.event"'));
          } else pass(message, relay).catch(error => refuse(error, shownName(message.target)));
        },
        resync: () => relay.catchUp(),
        refresh: () => relay.refresh(),
        left: () => leave?.(),
      };
    },
  };
}

function refused(field: string, is: string, allowed: string): SessionchartError {
  return new SessionchartError('INVALID_MESSAGE', { message: `${field} ${is}; allowed: ${allowed}`, field, allowed });
}
