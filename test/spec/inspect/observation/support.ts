import { expect } from 'vitest';
import type { AnyActorRef } from 'xstate';
import { actorTarget } from '../../../../src/integration/inspect/actor-target.ts';
import type { InspectionTarget } from '../../../../src/integration/inspect/inspection-target.ts';
import { type Changes, Observation } from '../../../../src/integration/inspect/observation.ts';
import type {
  ActorDelta,
  ActorKey,
  ActorView,
  ContextChange,
  ListQuery,
} from '../../../../src/integration/inspect/page-protocol.ts';
import { createRedactor } from '../../../../src/services/redact.ts';

/** An event that throws when its parts are read; the actor that takes it throws too. */
export const POISON = {
  type: 'CONFIGURE',
  get config(): never {
    throw new Error('poison');
  },
};

export interface Looking {
  readonly observation: Observation;
  readonly faults: unknown[];
  /** How often it was said that there is something to take. */
  readonly announced: () => number;
  /** The key of the actor with this id. */
  key(id: string): ActorKey;
  ids(query?: Partial<ListQuery>): string[];
}

/** An observation that is open, of these targets. */
export function looking(...targets: readonly InspectionTarget[]): Looking {
  const { data } = createRedactor();
  const faults: unknown[] = [];
  let announced = 0;
  const observation = new Observation({
    redact: data,
    onChange: () => {
      announced += 1;
    },
    onFault: error => faults.push(error),
  });
  for (const [at, target] of targets.entries()) observation.attach(target, `source ${at}`);
  observation.open();
  const rows = (query: Partial<ListQuery>) => observation.list({ offset: 0, limit: 500, ...query }).rows;
  return {
    observation,
    faults,
    announced: () => announced,
    key: id => rows({}).find(row => row.id === id)?.actor ?? `no actor ${id}`,
    ids: (query = {}) => rows(query).map(({ id }) => id),
  };
}

export const lookingAt = (actor: AnyActorRef): Looking => looking(actorTarget(actor));

/** The actor itself, as a test may need it and a viewer must not have it. */
export function actorIn(target: InspectionTarget, id: string): AnyActorRef {
  for (const actor of target.actors()) if (actor.id === id) return actor;
  throw new Error(`no actor ${id}`);
}

export function withChange(context: Readonly<Record<string, unknown>>, { set, removed }: ContextChange) {
  const kept = Object.fromEntries(Object.entries(context).filter(([name]) => !removed.includes(name)));
  return { ...kept, ...set };
}

/** What a viewer makes of a view and a delta. */
export function applied(view: ActorView, delta: ActorDelta): ActorView {
  const { actor: _, context, log = [], dropped = 0, base, ...parts } = delta;
  const last = view.log.at(-1)?.seq ?? 0;
  const fresh = log.filter(({ seq }) => seq > last);
  const isGap = dropped > 0 && fresh.length === log.length && fresh.length > 0;
  return {
    ...view,
    ...parts,
    context: context === undefined ? view.context : withChange(view.context, context),
    log: isGap ? log : [...view.log, ...fresh],
    base: isGap && base !== undefined ? base : view.base,
    dropped: view.dropped + (isGap ? dropped + view.log.length : 0),
  };
}

/** The context after the last record, as a viewer computes it. */
export function replayed({ base, log }: ActorView): Readonly<Record<string, unknown>> {
  let context = base;
  for (const record of log) if (record.kind === 'transition') context = withChange(context, record.changes);
  return context;
}

/** The log of the delta of one actor, a line per record. */
export function linesOf(changes: Changes, actor: ActorKey): string[] {
  return changes.actors.filter(delta => delta.actor === actor).flatMap(({ log = [] }) => log.map(lineOf));
}

function lineOf(record: ActorView['log'][number]): string {
  switch (record.kind) {
    case 'message':
      return `${record.from.role} → ${record.to.role}: ${record.event}`;
    case 'transition':
      return `${record.cause}: ${record.from} → ${record.to}`;
    case 'child':
      return `${record.child.label} ${record.phase}`;
    case 'status':
      return `is ${record.status}`;
  }
}

/** The numbers of the records follow each other without a gap. */
export function expectNoGap({ log }: ActorView): void {
  const [first] = log;
  if (first !== undefined) expect(log.map(({ seq }) => seq)).toEqual(log.map((_, at) => first.seq + at));
}
