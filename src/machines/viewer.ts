import { assign, emit, setup } from 'xstate';
import type { StateMeta, TransitionMeta } from './disposition.ts';

/** A viewer that has not said who it is by then is none, ms (S4 of the rules for sockets). */
const HELLO_DEADLINE_MS = 5_000;
/** Between two signs of life that are asked for, ms (S33). */
const PING_INTERVAL_MS = 30_000;
/** A viewer that does not answer within this time is gone, ms (S33). */
const PONG_DEADLINE_MS = 10_000;
/** How long a viewer may leave what it was sent unread, ms (S32). */
const STALL_DEADLINE_MS = 10_000;
/** How long a closing handshake may take, ms (S34). */
const CLOSE_DEADLINE_MS = 5_000;
/** For so long after it left, what a viewer watched is kept for it: twice the longest wait of a page that reconnects, ms. */
const MEMORY_MS = 10_000;

/** Messages above the allowed rate, between two pings, of which the last one ends the connection (S29). */
const MOST_OVERRUNS = 3;
/** The same of messages that cannot be read. */
const MOST_GARBLED = 10;

/** Why the inspector closes a connection. */
export type CloseCause = 'silent' | 'tooSlow' | 'abuse' | 'binary' | 'malformed' | 'faulty' | 'broken' | 'goingAway';

export interface ViewerInput {
  /** Whether it must say `HELLO` before it counts. */
  readonly needsHello: boolean;
}

interface ViewerContext extends ViewerInput {
  readonly overruns: number;
  readonly garbled: number;
  readonly cause: CloseCause | undefined;
  readonly greeted: boolean;
}

export type ViewerEvent =
  | { readonly type: 'HELLO' } // e.g. the first message of a page
  | { readonly type: 'OVERRUN' } // e.g. the 51st message at once
  | { readonly type: 'GARBLED' } // e.g. no JSON
  | { readonly type: 'STALLED' } // e.g. a megabyte waits for a browser tab that sleeps
  | { readonly type: 'DRAINED' } // e.g. it woke up
  | { readonly type: 'PONG' } // e.g. the answer to a ping
  | { readonly type: 'DISMISSED'; readonly cause: CloseCause } // e.g. a binary frame, or the inspector is closed
  | { readonly type: 'GONE' } // e.g. the tab was closed
  | { readonly type: 'FORGOTTEN' }; // e.g. too many have left to be remembered

/** What the one who holds the socket has to do. */
export type ViewerEmitted =
  | { readonly type: 'greeted' }
  | { readonly type: 'pingDue' }
  | { readonly type: 'resyncDue' }
  | { readonly type: 'closeDue'; readonly cause: CloseCause }
  | { readonly type: 'breakDue' };

const viewerSetup = setup({
  types: {
    context: {} as ViewerContext,
    events: {} as ViewerEvent,
    emitted: {} as ViewerEmitted,
    input: {} as ViewerInput,
    meta: {} as StateMeta<ViewerEvent['type']>,
    transitionMeta: {} as TransitionMeta,
  },
  delays: {
    helloDeadline: HELLO_DEADLINE_MS,
    pingInterval: PING_INTERVAL_MS,
    pongDeadline: PONG_DEADLINE_MS,
    stallDeadline: STALL_DEADLINE_MS,
    closeDeadline: CLOSE_DEADLINE_MS,
    memory: MEMORY_MS,
  },
  guards: {
    needsNoHello: ({ context }) => !context.needsHello,
    isLastOverrun: ({ context }) => context.overruns + 1 >= MOST_OVERRUNS,
    isLastGarbled: ({ context }) => context.garbled + 1 >= MOST_GARBLED,
    // Nobody comes back to an inspector that is closed.
    mayComeBack: ({ context }) => context.greeted && context.cause !== 'goingAway',
  },
  actions: {
    greet: emit({ type: 'greeted' }),
    noteGreeting: assign({ greeted: true }),
    ping: emit({ type: 'pingDue' }),
    resync: emit({ type: 'resyncDue' }),
    close: emit(({ context }) => ({ type: 'closeDue' as const, cause: context.cause as CloseCause })),
    break: emit({ type: 'breakDue' }),
    blame: assign((_, params: { cause: CloseCause }) => params),
    countOverrun: assign({ overruns: ({ context }) => context.overruns + 1 }),
    countGarbled: assign({ garbled: ({ context }) => context.garbled + 1 }),
    forgive: assign({ overruns: 0, garbled: 0 }),
  },
});

const because = (cause: CloseCause) => ({ type: 'blame' as const, params: { cause } });

const gone = [{ guard: 'mayComeBack', target: '#viewer.remembered' }, { target: '#viewer.ended' }] as const;

const NOTHING_WAITS = 'nothing waits to be sent';
const LET_PASS = 'it is let pass, and counted';

/**
 * The life of one viewer of an inspector, from the open socket to the moment at which nobody remembers it.
 *
 * It must say who it is in time, answer pings, read what it is sent, and say neither too much nor nonsense. When its
 * socket is gone, what it watched is kept for a while, so that one who comes back has missed nothing.
 */
export const viewerMachine = viewerSetup.createMachine({
  id: 'viewer',
  context: ({ input }) => ({ ...input, overruns: 0, garbled: 0, cause: undefined, greeted: false }),
  initial: 'connected',
  states: {
    connected: {
      initial: 'awaitingHello',
      on: {
        OVERRUN: [
          { guard: 'isLastOverrun', target: 'closing', actions: because('abuse') },
          { actions: 'countOverrun', meta: { ignores: LET_PASS } },
        ],
        GARBLED: [
          { guard: 'isLastGarbled', target: 'closing', actions: because('abuse') },
          { actions: 'countGarbled', meta: { ignores: LET_PASS } },
        ],
        DISMISSED: {
          target: 'closing',
          actions: { type: 'blame', params: ({ event }) => ({ cause: event.cause }) },
        },
        GONE: gone,
      },
      states: {
        awaitingHello: {
          meta: {
            ignores: {
              'it has been sent nothing': ['STALLED', 'DRAINED', 'PONG'],
              'its socket is not gone yet': ['FORGOTTEN'],
            },
          },
          always: { guard: 'needsNoHello', target: 'live' },
          on: { HELLO: 'live' },
          after: { helloDeadline: { target: '#viewer.closing', actions: because('silent') } },
        },
        live: {
          entry: ['noteGreeting', 'greet'],
          initial: 'resting',
          meta: { ignores: { 'it has said so': ['HELLO'], 'its socket is not gone yet': ['FORGOTTEN'] } },
          on: { STALLED: '.stalled' },
          states: {
            resting: {
              meta: { ignores: { 'nobody has asked': ['PONG'], [NOTHING_WAITS]: ['DRAINED'] } },
              after: { pingInterval: { target: 'asking', actions: ['forgive', 'ping'] } },
            },
            asking: {
              meta: { ignores: { [NOTHING_WAITS]: ['DRAINED'] } },
              on: { PONG: 'resting' },
              // A peer that is half open reads no closing frame either.
              after: { pongDeadline: '#viewer.breaking' },
            },
            stalled: {
              meta: { ignores: { 'what counts is that it reads': ['PONG'] } },
              on: {
                STALLED: { meta: { ignores: 'it is known' } },
                DRAINED: { target: 'resting', actions: 'resync' },
              },
              after: { stallDeadline: { target: '#viewer.closing', actions: because('tooSlow') } },
            },
          },
        },
      },
    },
    closing: {
      meta: {
        ignores: {
          'it is asked to leave': ['HELLO', 'OVERRUN', 'GARBLED', 'STALLED', 'DRAINED', 'PONG', 'DISMISSED'],
          'its socket is not gone yet': ['FORGOTTEN'],
        },
      },
      entry: 'close',
      on: { GONE: gone },
      after: { closeDeadline: 'breaking' },
    },
    breaking: {
      meta: {
        ignores: {
          'it is cut off': ['HELLO', 'OVERRUN', 'GARBLED', 'STALLED', 'DRAINED', 'PONG', 'DISMISSED'],
          'its socket is not gone yet': ['FORGOTTEN'],
        },
      },
      entry: 'break',
      on: { GONE: gone },
    },
    remembered: {
      meta: {
        ignores: {
          'it is gone': ['HELLO', 'OVERRUN', 'GARBLED', 'STALLED', 'DRAINED', 'PONG', 'DISMISSED', 'GONE'],
        },
      },
      on: { FORGOTTEN: 'ended' },
      after: { memory: 'ended' },
    },
    ended: { type: 'final' },
  },
});
