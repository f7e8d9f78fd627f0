import type { AnyMachineSnapshot, AnyStateMachine } from 'xstate';
import type { CircuitBreakerContext, CircuitBreakerEvent } from '../../../src/machines/circuit-breaker.ts';
import type { RetryEvent, RetryLimits } from '../../../src/machines/retry.ts';
import { retryDelayMs } from '../../../src/machines/retry.ts';
import { ChartLab, type Step, type World } from '../chart-lab.ts';
import { SUBJECTS } from '../subjects.ts';

/** What a chart of one page must come to, told in plain code: the two ways of saying it are held against each other. */
interface Expected {
  readonly value: string;
  readonly context: object;
  readonly emitted?: readonly object[];
  /** When its one timer is due; none where it is left out. */
  readonly dueAt?: number;
}

type Reference = (value: string, context: never, event: never) => Expected;

/** The closed circuit counts, the open one waits, and the half-open one hangs on the outcome of its one probe. */
function breaker(value: string, context: CircuitBreakerContext, event: CircuitBreakerEvent): Expected {
  const { threshold, cooldownMs, failureCount, openedAt = 0, lastAttemptAt = 0, probe } = context;
  const { type, call, at } = event;
  const stays: Expected = { value, context };
  const opens: Expected = {
    value: 'open',
    context: { ...context, failureCount: failureCount + 1, openedAt: at, probe: undefined },
  };
  const closes: Expected = {
    value: 'closed',
    context: { ...context, failureCount: 0, openedAt: undefined, probe: undefined },
  };
  const probes: Expected = { value: 'halfOpen', context: { ...context, lastAttemptAt: at, probe: call } };
  if (value === 'closed') {
    if (type === 'ASKED') return { value, context: { ...context, lastAttemptAt: at } };
    if (type === 'SUCCEEDED') return closes;
    if (type === 'FAILED') {
      return failureCount + 1 >= threshold ? opens : { value, context: { ...context, failureCount: failureCount + 1 } };
    }
    return stays;
  }
  if (value === 'open') return type === 'ASKED' && at >= openedAt + cooldownMs ? probes : stays;
  if (type === 'ASKED') return at >= lastAttemptAt + cooldownMs ? probes : stays;
  if (call !== probe) return stays;
  if (type === 'SUCCEEDED') return closes;
  return type === 'FAILED' ? opens : { value: 'open', context: { ...context, probe: undefined } };
}

interface RetryState extends RetryLimits {
  readonly seed: number;
  readonly attempt: number;
  readonly at: number;
  readonly endsAt: number;
  readonly waitMs: number;
}

/** Attempts and waits in turn, until one succeeds, none is left, or the budget is. */
function retry(value: string, context: RetryState, event: RetryEvent | { type: 'timer' }): Expected {
  const over = value === 'succeeded' || value === 'gaveUp' || value === 'aborted';
  if (over) return { value, context };
  const dueAt = value === 'attempting' ? context.endsAt : context.at + context.waitMs;
  const gaveUp = (why: string, more: object = {}): Expected => ({
    value: 'gaveUp',
    context: { ...context, gaveUp: why, ...more },
  });
  if (event.type === 'ABORTED') return { value: 'aborted', context };
  if (event.type === 'timer') {
    if (value === 'attempting') return gaveUp('budget');
    const attempt = context.attempt + 1;
    return {
      value: 'attempting',
      context: { ...context, attempt, at: context.at + context.waitMs },
      emitted: [{ type: 'attemptDue', attempt }],
      dueAt: context.endsAt,
    };
  }
  if (value !== 'attempting' || event.attempt !== context.attempt) return { value, context, dueAt };
  if (event.type === 'SUCCEEDED') return { value: 'succeeded', context };
  const { failure, at } = event;
  if (!failure.retryable) return gaveUp('fatal', { failure });
  if (context.policy === 'none' || context.attempt >= context.maxAttempts) return gaveUp('attempts', { failure });
  const waitMs = Math.max(retryDelayMs(context, context.attempt, context.seed), failure.retryAfterMs ?? 0);
  if (at + waitMs >= context.endsAt) return gaveUp('budget', { failure });
  return {
    value: 'waiting',
    context: { ...context, at, failure, waitMs },
    emitted: [{ type: 'retryScheduled', attempt: context.attempt + 1, waitMs }],
    dueAt: at + waitMs,
  };
}

type SlotEvent = { readonly type: string; readonly at: number; readonly expiresAt: number };

/** One key at a time, gone at the instant at which it expires. */
function keySlot(value: string, context: { at: number; expiresAt: number }, event: SlotEvent): Expected {
  const stays: Expected = { value, context, ...(value === 'holding' ? { dueAt: context.expiresAt } : {}) };
  if (value === 'disposed') return stays;
  if (event.type === 'DISPOSED') return { value: 'disposed', context };
  if (value === 'uninitialised') return event.type === 'INITIALISED' ? { value: 'empty', context } : stays;
  if (event.type === 'KEY_ARRIVED') {
    const { at, expiresAt } = event;
    return { value: 'holding', context: { at, expiresAt }, dueAt: expiresAt };
  }
  if (value !== 'holding') return stays;
  const gone = (reason: string): Expected => ({ value: 'empty', context, emitted: [{ type: 'keyGone', reason }] });
  if (event.type === 'KEY_DROPPED') return gone('dropped');
  return event.type === 'timer' ? gone('expired') : stays;
}

const REFERENCES: Readonly<Record<string, Reference>> = { 'circuit breaker': breaker, retry, 'key slot': keySlot };

/** The charts that are held against plain code. */
export const REFERENCED: readonly string[] = Object.keys(REFERENCES);

const textOf = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) => (part === undefined ? null : part));

function difference(step: Step, expected: Expected): string | undefined {
  const { snapshot, timers } = step.world;
  const isOver = snapshot.status !== 'active';
  const due = [...timers.values()].map(({ dueAt }) => dueAt);
  const pairs: readonly (readonly [string, unknown, unknown])[] = [
    ['state', snapshot.value, expected.value],
    ['context', sortedOf(snapshot), sortedParts(expected.context)],
    ['emitted', step.emitted, expected.emitted ?? []],
    ['timers', due, expected.dueAt === undefined || isOver ? [] : [expected.dueAt]],
  ];
  const wrong = pairs.find(([, is, should]) => textOf(is) !== textOf(should));
  return wrong === undefined ? undefined : `${wrong[0]}: ${textOf(wrong[1])}, not ${textOf(wrong[2])}`;
}

const sortedParts = (context: object): unknown =>
  Object.entries(context)
    .filter(([, v]) => v !== undefined)
    .sort();
const sortedOf = ({ context }: AnyMachineSnapshot): unknown => sortedParts(context as object);

/**
 * Walks a chart of one page breadth-first and holds each step against plain code.
 *
 * @returns the first difference, `undefined` where there is none.
 */
export function differenceFromReference(name: string, alter?: (copy: AnyStateMachine) => void): string | undefined {
  const subject = SUBJECTS[name];
  const reference = REFERENCES[name];
  if (subject === undefined || reference === undefined) throw new Error(`there is no reference for "${name}"`);
  for (const input of Object.values(subject.inputs)) {
    const lab = new ChartLab(subject.machine, input, alter);
    const seen = new Set<string>();
    let frontier: World[] = [lab.begin().world];
    while (frontier.length > 0 && seen.size < subject.tour.limit) {
      const next: World[] = [];
      for (const world of frontier) {
        for (const stimulus of subject.tour.stimuli(world)) {
          const step = lab.step(world, stimulus);
          if (step === undefined) continue;
          if (step.event !== undefined) {
            const event = stimulus.kind === 'timer' ? { type: 'timer' } : step.event;
            const expected = reference(world.snapshot.value as string, world.snapshot.context as never, event as never);
            const wrong = difference(step, expected);
            if (wrong !== undefined) return `${String(world.snapshot.value)} × ${event.type}: ${wrong}`;
          }
          const key = subject.tour.identity(step.world.snapshot, step.world);
          if (seen.has(key)) continue;
          seen.add(key);
          next.push(step.world);
        }
      }
      frontier = next;
    }
  }
  return undefined;
}
