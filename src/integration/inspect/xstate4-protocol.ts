import type { AnyActorRef, AnyMachineSnapshot, AnyStateMachine } from 'xstate';
import type { Dialect } from './foreign-relay.ts';
import { machineOf, parentOf } from './inspected-actor.ts';
import { withoutCharts } from './redaction.ts';
import { xstate4Definition } from './xstate4-definition.ts';

type Redact = (data: unknown) => unknown;
interface Said {
  readonly type: string;
}

/** Nobody knows any more which event it was. `init` and `update` are XState 4's own words for the first state and for a later one. */
const INIT: Said = { type: 'xstate.init' };
const UPDATE: Said = { type: 'xstate.update' };

/** What a receiver of @xstate/inspect 0.8 is told: `service.register`, `service.event`, `service.state`, `service.stop`. */
export function xstate4Dialect(redact: Redact): Dialect {
  const definitions = new WeakMap<AnyStateMachine['root'], string>();

  const definitionText = (machine: AnyStateMachine): string => {
    let text = definitions.get(machine.root);
    if (text === undefined) {
      text = JSON.stringify(xstate4Definition(machine, redact));
      definitions.set(machine.root, text);
    }
    return text;
  };

  const eventText = (actor: AnyActorRef, event: Said, source?: { readonly sessionId: string }): string =>
    frame('service.event', actor, { event: JSON.stringify(scxmlEvent(event, redact, source?.sessionId)) });

  return {
    shows: actor => machineOf(actor) !== undefined,
    introduce(actor, isNew) {
      const registration = frame('service.register', actor, {
        machine: definitionText(machineOf(actor) as AnyStateMachine),
        state: JSON.stringify(xstate4State(actor, actor.getSnapshot(), INIT, redact)),
        id: actor.id,
        parent: parentOf(actor)?.sessionId,
      });
      return isNew ? [registration] : [registration, eventText(actor, INIT)];
    },
    event: ({ actorRef, event, sourceRef }) => eventText(actorRef as AnyActorRef, event, sourceRef),
    state: (actor, snapshot, event = UPDATE) =>
      frame('service.state', actor, {
        state: JSON.stringify(xstate4State(actor, snapshot as AnyMachineSnapshot, event, redact)),
      }),
    farewell: actor => frame('service.stop', actor, {}),
  };
}

function frame(type: string, { sessionId }: AnyActorRef, rest: Record<string, unknown>): string {
  return JSON.stringify({ type, ...rest, sessionId });
}

/** An event in the envelope of SCXML; `origin` is who sent it. */
function scxmlEvent(event: Said, redact: Redact, origin?: string) {
  const shown = redact(withoutCharts(event));
  const data = isRecord(shown) && typeof shown.type === 'string' ? shown : { type: event.type };
  return { name: data.type, data, $$type: 'scxml', type: 'external', origin };
}

/** What `State.create` of XState 4 needs, and beyond it what became of the actor. It takes meta data from the definition. */
function xstate4State(actor: AnyActorRef, snapshot: AnyMachineSnapshot, event: Said, redact: Redact) {
  const { value, context, tags, status, output, error } = snapshot;
  const _event = scxmlEvent(event, redact);
  return {
    value,
    context: redact(context),
    event: _event.data,
    _event,
    _sessionid: actor.sessionId,
    done: status === 'done',
    changed: true,
    tags: [...tags],
    meta: {},
    actions: [],
    events: [],
    transitions: [],
    configuration: [],
    children: {},
    status,
    output: redact(output),
    error: redact(error),
  };
}

/** A receiver wants an actor to get an event. */
export interface ReceiverEvent {
  readonly type: 'event';
  /** `sessionId` of the actor. */
  readonly target: string;
  readonly event: Readonly<Record<string, unknown>> & Said;
}

/** What a receiver says: that it listens, or {@link ReceiverEvent}. All else is not in the protocol. */
export type ReceiverMessage = { readonly type: 'inspecting' } | ReceiverEvent | { readonly type: 'other' };

/**
 * Reads a message of a receiver.
 *
 * The target of an event is the `origin` inside its envelope, where it is missing the `service` beside it.
 *
 * @returns `undefined` if it is malformed: no JSON, no object with a type, or an event that is none.
 */
export function readReceiverMessage(text: string): ReceiverMessage | undefined {
  const message = parsed(text);
  if (typeof message?.type !== 'string') return undefined;
  if (message.type === 'xstate.inspecting') return { type: 'inspecting' };
  if (message.type !== 'xstate.event') return { type: 'other' };
  const envelope = typeof message.event === 'string' ? parsed(message.event) : undefined;
  const target = envelope?.origin ?? message.service;
  const event = envelope?.data ?? { type: envelope?.name };
  if (typeof target !== 'string' || !isRecord(event) || typeof event.type !== 'string') return undefined;
  return { type: 'event', target, event: { ...event, type: event.type } };
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
