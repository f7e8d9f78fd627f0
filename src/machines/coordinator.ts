import { assertEvent, assign, setup } from 'xstate';
import type { StateMeta, TransitionMeta } from './disposition.ts';
import type { EndReason } from './session-types.ts';

/** What happens to a start when every slot is taken. */
export const WHEN_FULL = ['reject', 'queue', 'evict-idle'] as const;
export type WhenFull = (typeof WHEN_FULL)[number];

/** Ends everything within this time, then abandons what is left, ms (SP-005 PERF-004, SP-053 REQ-003). */
export const DRAIN_DEADLINE_MS = 2_000;

export interface CoordinatorLimits {
  /** How many sessions may hold a slot at once. */
  readonly limit: number;
  readonly whenFull: WhenFull;
  /** How many starts may wait for a slot. */
  readonly queueLimit: number;
  /** So many crashed sessions are started again ... */
  readonly maxRestarts: number;
  /** ... within this time, ms. */
  readonly restartWindowMs: number;
}

/** The extended state of the coordinator: counts, not sessions, so that no step grows with their number. */
export interface CoordinatorContext extends CoordinatorLimits {
  /** Slots taken: sessions that are starting, serving, paused or ending. */
  readonly live: number;
  /** Session actors, failed ones included. */
  readonly sessions: number;
  /** Starts that wait for a slot, oldest first. */
  readonly waiting: readonly string[];
  /** When sessions crashed, within the window. */
  readonly crashes: readonly number[];
}

export type Refusal = 'SESSION_LIMIT_REACHED' | 'SESSION_QUEUE_FULL' | 'SESSION_ENDED' | 'MANAGER_NOT_READY';

/** Everything that is said to the coordinator. The host stamps each event with `at`. */
export type CoordinatorEvent = { readonly at?: number } & (
  | { readonly type: 'START'; readonly sessionId: string } // e.g. startSession()
  | { readonly type: 'CANCEL'; readonly sessionId: string; readonly code: Refusal } // e.g. endSession() of a start that waits
  | { readonly type: 'REVIVE'; readonly sessionId: string } // e.g. renewSession() of a failed session
  | { readonly type: 'FAILED'; readonly sessionId: string } // e.g. the mint failed for good: the slot is free
  | { readonly type: 'ENDED'; readonly sessionId: string; readonly held: boolean } // e.g. torn down
  | { readonly type: 'RETURNED'; readonly sessionId: string } // e.g. admitted again, but ended meanwhile
  | { readonly type: 'CRASHED'; readonly sessionId: string; readonly held: boolean; readonly ending: boolean } // e.g. its actor threw
  | { readonly type: 'CONFIGURE'; readonly limits: CoordinatorLimits } // e.g. a setting changed
  | { readonly type: 'CHILD_STOPPED' } // e.g. XState tells a parent that a child is done, or threw
  | { readonly type: 'DRAIN' } // e.g. dispose()
);

type Id = { readonly sessionId: string };

const recent = (context: CoordinatorContext, at: number): readonly number[] =>
  context.crashes.filter(crashedAt => at - crashedAt < context.restartWindowMs);

/** The time of an event, as the host stamped it. */
function timeOf(event: CoordinatorEvent): number {
  if (event.at === undefined) throw new Error(`event "${event.type}" has no time; run the chart behind stampedLogic()`);
  return event.at;
}

const coordinatorSetup = setup({
  types: {
    context: {} as CoordinatorContext,
    events: {} as CoordinatorEvent,
    input: {} as CoordinatorLimits,
    meta: {} as StateMeta<CoordinatorEvent['type'], Refusal>,
    transitionMeta: {} as TransitionMeta<Refusal>,
  },
  delays: { drainDeadline: DRAIN_DEADLINE_MS },
  guards: {
    hasPlace: ({ context }) =>
      context.waiting.length === 0
        ? context.live < context.limit || (context.whenFull === 'queue' && context.queueLimit > 0)
        : context.whenFull === 'queue' && context.waiting.length < context.queueLimit,
    // Each start that waits has one session that leaves for it. Above a limit that was lowered one is not enough.
    canEvict: ({ context }) =>
      context.whenFull === 'evict-idle' && context.live <= context.limit && context.waiting.length < context.live,
    hasSlot: ({ context }) => context.live < context.limit,
    canAdmit: ({ context }) => context.waiting.length > 0 && context.live < context.limit,
    // Under evict-idle each waiting start has its victim; with fewer slots that one is not enough.
    strandsWaiting: ({ context, event }) => {
      assertEvent(event, 'CONFIGURE');
      return context.whenFull === 'evict-idle' && context.waiting.length > 0 && event.limits.limit < context.limit;
    },
    isWaiting: ({ context, event }) => {
      assertEvent(event, 'CANCEL');
      return context.waiting.includes(event.sessionId);
    },
    mayRestart: ({ context, event }) => {
      assertEvent(event, 'CRASHED');
      return event.held && !event.ending && recent(context, timeOf(event)).length < context.maxRestarts;
    },
    isEmpty: ({ context }) => context.sessions === 0,
  },
  actions: {
    // The host does these, at once.
    admit: (_, _params: Id) => {},
    refuse: (_, _params: Id & { code: Refusal }) => {},
    refuseWaiting: (_, _params: { sessionIds: readonly string[] }) => {},
    /** Ends the session that has been idle for longest, for the start that waits; withdraws that if there is none. */
    evictFor: (_, _params: Id) => {},
    revive: (_, _params: Id) => {},
    restart: (_, _params: Id) => {},
    abandon: (_, _params: Id) => {},
    endAll: (_, _params: { reason: EndReason }) => {},
    abandonAll: () => {},

    enqueue: assign(({ context, event }) => {
      assertEvent(event, 'START');
      return { waiting: [...context.waiting, event.sessionId] };
    }),
    takeFirst: assign(({ context }) => ({
      waiting: context.waiting.slice(1),
      live: context.live + 1,
      sessions: context.sessions + 1,
    })),
    withdraw: assign(({ context, event }) => {
      assertEvent(event, 'CANCEL');
      return { waiting: context.waiting.filter(id => id !== event.sessionId) };
    }),
    takeSlot: assign(({ context }) => ({ live: context.live + 1 })),
    freeSlot: assign(({ context }) => ({ live: context.live - 1 })),
    forget: assign(({ context, event }) => {
      assertEvent(event, ['ENDED', 'CRASHED']);
      return { sessions: context.sessions - 1, live: context.live - (event.held ? 1 : 0) };
    }),
    noteCrash: assign(({ context, event }) => ({ crashes: [...recent(context, timeOf(event)), timeOf(event)] })),
    configure: assign(({ event }) => {
      assertEvent(event, 'CONFIGURE');
      return event.limits;
    }),
    emptyQueue: assign({ waiting: [] }),
    forgetAll: assign({ live: 0, sessions: 0 }),
  },
});

const refusalOf = ({ context }: { context: CoordinatorContext }): Refusal =>
  context.whenFull === 'queue' ? 'SESSION_QUEUE_FULL' : 'SESSION_LIMIT_REACHED';

const idOf = ({ event }: { event: Id }): Id => ({ sessionId: event.sessionId });

const refuseClosed = {
  actions: {
    type: 'refuse',
    params: ({ event }: { event: Id }) => ({ sessionId: event.sessionId, code: 'MANAGER_NOT_READY' as const }),
  },
  meta: { refuses: ['MANAGER_NOT_READY'] },
} as const;
const refuseFull = {
  actions: {
    type: 'refuse',
    params: ({ context, event }: { context: CoordinatorContext; event: Id }) => ({
      sessionId: event.sessionId,
      code: refusalOf({ context }),
    }),
  },
  meta: { refuses: ['SESSION_LIMIT_REACHED', 'SESSION_QUEUE_FULL'] },
} as const;

/**
 * The coordinator chart: it admits sessions under a limit, queues, refuses or evicts when the limit is reached, starts
 * crashed ones again within a budget, and drains.
 *
 * It knows how many sessions there are, not which: the host keeps those and tells when one gave its slot back. Like
 * the session chart it is pure.
 */
export const coordinatorMachine = coordinatorSetup.createMachine({
  id: 'coordinator',
  context: ({ input }) => ({ ...input, live: 0, sessions: 0, waiting: [], crashes: [] }),
  initial: 'accepting',
  on: {
    CHILD_STOPPED: { meta: { ignores: 'the host has said the same, and whether the child held a slot' } },
  },
  states: {
    accepting: {
      meta: { ignores: { 'no such start waits': ['CANCEL'] } },
      always: {
        guard: 'canAdmit',
        // The guard has seen the first one.
        actions: [
          { type: 'admit', params: ({ context }) => ({ sessionId: context.waiting[0] as string }) },
          'takeFirst',
        ],
      },
      on: {
        START: [
          {
            guard: 'hasPlace',
            actions: 'enqueue',
            meta: { postpones: 'it is admitted when a slot is free, or at once' },
          },
          {
            guard: 'canEvict',
            actions: ['enqueue', { type: 'evictFor', params: idOf }],
            meta: { postpones: 'it is admitted when the evicted session has ended' },
          },
          refuseFull,
        ],
        CANCEL: {
          guard: 'isWaiting',
          actions: [{ type: 'refuse', params: ({ event: { sessionId, code } }) => ({ sessionId, code }) }, 'withdraw'],
          meta: { refusesWaiting: ['SESSION_ENDED', 'SESSION_LIMIT_REACHED'] },
        },
        REVIVE: [
          { guard: 'hasSlot', actions: ['takeSlot', { type: 'revive', params: idOf }] },
          {
            actions: {
              type: 'refuse',
              params: ({ event: { sessionId } }) => ({ sessionId, code: 'SESSION_LIMIT_REACHED' }),
            },
            meta: { refuses: ['SESSION_LIMIT_REACHED'] },
          },
        ],
        FAILED: { actions: 'freeSlot' },
        RETURNED: { actions: 'freeSlot' },
        ENDED: { actions: 'forget' },
        CRASHED: [
          { guard: 'mayRestart', actions: ['noteCrash', { type: 'restart', params: idOf }] },
          { actions: ['noteCrash', { type: 'abandon', params: idOf }, 'forget'] },
        ],
        CONFIGURE: [
          {
            guard: 'strandsWaiting',
            actions: [
              { type: 'refuseWaiting', params: ({ context }) => ({ sessionIds: context.waiting }) },
              'emptyQueue',
              'configure',
            ],
            meta: { refusesWaiting: ['SESSION_LIMIT_REACHED'] },
          },
          { actions: 'configure' },
        ],
        DRAIN: { target: 'draining', meta: { refusesWaiting: ['SESSION_ENDED'] } },
      },
    },
    draining: {
      meta: {
        ignores: {
          'it drains already': ['DRAIN'],
          'no start waits any more': ['CANCEL'],
          'nobody is admitted any more': ['CONFIGURE'],
        },
      },
      entry: [{ type: 'endAll', params: { reason: 'disposed' } }, 'emptyQueue'],
      always: { guard: 'isEmpty', target: 'stopped' },
      after: {
        drainDeadline: { target: 'stopped', actions: ['abandonAll', 'forgetAll'] },
      },
      on: {
        START: refuseClosed,
        REVIVE: refuseClosed,
        FAILED: { actions: 'freeSlot' },
        RETURNED: { actions: 'freeSlot' },
        ENDED: { actions: 'forget' },
        CRASHED: { actions: [{ type: 'abandon', params: idOf }, 'forget'] },
      },
    },
    stopped: {
      meta: {
        ignores: {
          'no session is left': ['CANCEL', 'REVIVE', 'FAILED', 'ENDED', 'RETURNED', 'CRASHED'],
          'it has stopped': ['CONFIGURE', 'DRAIN'],
        },
      },
      on: {
        START: refuseClosed,
      },
    },
  },
});
