// Names of the parts of a chart, as people read them.

interface BuiltIn {
  readonly type?: string;
  readonly name?: string;
  readonly id?: string;
  readonly sendId?: string;
  readonly actorRef?: unknown;
  readonly event?: { readonly type?: string };
  readonly delay?: unknown;
  readonly params?: unknown;
  readonly guards?: readonly unknown[];
}

/** The name of a guard; of one that is made of others, theirs. */
export function guardName(guard: unknown): string {
  if (typeof guard === 'string') return guard;
  const { guards, type, name = '' } = guard as BuiltIn;
  if (guards === undefined) return type ?? name;
  return name === 'not' ? `not ${guardName(guards[0])}` : guards.map(guardName).join(` ${name} `);
}

/** The names of actions in their order; a timer that is cancelled and raised anew is one that is armed again. */
export function actionNames(actions: readonly unknown[]): string[] {
  const names: string[] = [];
  for (const [i, action] of actions.entries()) {
    const before = actions[i - 1] as BuiltIn | undefined;
    const { type, id, event } = action as BuiltIn;
    const again = type === 'xstate.raise' && before?.type === 'xstate.cancel' && before.sendId === id;
    if (again && event?.type === id) names.splice(-1, 1, `re-arm ${timerOf(action as BuiltIn)}`);
    else names.push(actionName(action));
  }
  return names;
}

export function actionName(action: unknown): string {
  if (typeof action === 'string') return action;
  const part = action as BuiltIn;
  switch (part.type) {
    case 'xstate.raise':
      return `arm ${timerOf(part)}`;
    case 'xstate.cancel':
      return `disarm ${eventParts(part.sendId ?? '').name}`;
    case 'xstate.spawnChild':
      return `start ${part.id}`;
    case 'xstate.stopChild':
      return `stop ${String(part.actorRef)}`;
    default:
      return `${part.type ?? part.name}${paramsOf(part.params)}`;
  }
}

const paramsOf = (params: unknown): string =>
  typeof params === 'object' && params !== null ? `(${Object.values(params).map(String).join(', ')})` : '';

/** The name of the delay, and of the timer if that is another. */
function timerOf({ id = '', delay }: BuiltIn): string {
  const name = eventName(id);
  return name === `after ${String(delay)}` ? String(delay) : `${String(delay)} as "${name}"`;
}

const TIMER = /^xstate\.after\.([^.]+)\.(.+)$/;
const ANSWER = /^xstate\.(done|error)\.actor\.(.+)$/;

export interface EventParts {
  readonly kind: 'said' | 'timer' | 'answer';
  readonly name: string;
  /** The state that a timer belongs to. */
  readonly state?: string;
}

/** What kind of event a type is, and the name of the timer or the actor that it comes from. */
export function eventParts(type: string): EventParts {
  const [, name, state] = TIMER.exec(type) ?? [];
  if (name !== undefined && state !== undefined) return { kind: 'timer', name, state };
  const actor = ANSWER.exec(type)?.[2];
  return actor === undefined ? { kind: 'said', name: type } : { kind: 'answer', name: actor };
}

/** An event in words: `PAUSE`, `after renewal`, `acquire answers`, `acquire fails`. */
export function eventName(type: string): string {
  const { kind, name } = eventParts(type);
  if (kind === 'timer') return `after ${name}`;
  if (kind === 'said') return name;
  return `${name} ${type.startsWith('xstate.done') ? 'answers' : 'fails'}`;
}
