import type { AnyActorRef } from 'xstate';
import type { Clock } from '../../actors/ports.ts';
import type { Dialect } from './foreign-relay.ts';
import { machineOf, parentOf, rootOf } from './inspected-actor.ts';
import { withoutCharts } from './redaction.ts';
import { redactedEntry, statelyDefinition } from './stately-definition.ts';

type Redact = (data: unknown) => unknown;
type Fields = Readonly<Record<string, unknown>>;

/** The version of @statelyai/inspect whose events these are. */
const VERSION = '0.7.2';

/** What a receiver of @statelyai/inspect 0.7 is told: `@xstate.actor`, `@xstate.event`, `@xstate.snapshot`. */
export function statelyDialect(redact: Redact, clock: Pick<Clock, 'wall'>): Dialect {
  const definitions = new WeakMap<object, string>();

  const definitionText = (actor: AnyActorRef, name: string): string => {
    const config = machineOf(actor)?.config;
    if (config === undefined) return JSON.stringify({ id: name });
    let text = definitions.get(config);
    if (text === undefined) {
      text = JSON.stringify(statelyDefinition(config, redact));
      definitions.set(config, text);
    }
    return text;
  };

  const message = (type: string, actor: AnyActorRef, rest: Fields): string =>
    JSON.stringify({
      type,
      ...rest,
      sessionId: actor.sessionId,
      rootId: rootOf(actor).sessionId,
      createdAt: String(clock.wall()),
      id: null,
      _version: VERSION,
    });

  return {
    shows: () => true,
    introduce(actor) {
      const name = actor.id === actor.sessionId ? (machineOf(actor)?.id ?? actor.id) : actor.id;
      return [
        message('@xstate.actor', actor, {
          name,
          parentId: parentOf(actor)?.sessionId,
          definition: definitionText(actor, name),
          snapshot: plainSnapshot(actor.getSnapshot(), redact),
        }),
      ];
    },
    event: ({ actorRef, event, sourceRef }) =>
      message('@xstate.event', actorRef as AnyActorRef, {
        event: redact(withoutCharts(event)),
        sourceId: sourceRef?.sessionId,
      }),
    // Their own word for an event that nobody knows is an empty type.
    state: (actor, snapshot, event = { type: '' }) =>
      message('@xstate.snapshot', actor, {
        event: redact(withoutCharts(event)),
        snapshot: plainSnapshot(snapshot as Fields, redact),
      }),
    farewell: () => undefined,
  };
}

/** Parts of a snapshot of a machine that are made of the names in its chart; all else holds data. */
const CHART_PARTS = new Set(['status', 'value', 'tags']);

function plainSnapshot(snapshot: Fields, redact: Redact): Fields {
  // A snapshot of a machine knows how to leave its own parts out.
  const { toJSON } = snapshot;
  const parts = (typeof toJSON === 'function' ? toJSON.call(snapshot) : snapshot) as Fields;
  // What has no chart may call its data as it likes.
  const plain = 'machine' in snapshot ? plainPart : redactedEntry;
  return Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, plain(name, part, redact)]));
}

function plainPart(name: string, part: unknown, redact: Redact): unknown {
  if (CHART_PARTS.has(name)) return part;
  if (name === 'children') return mapped(part as Fields, child => ({ xstate$$type: 1, id: (child as AnyActorRef).id }));
  if (name === 'historyValue')
    return mapped(part as Fields, nodes => (nodes as { id: string }[]).map(({ id }) => ({ id })));
  return redactedEntry(name, part, redact);
}

function mapped(fields: Fields, change: (value: unknown) => unknown): Fields {
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, change(value)]));
}
