import { assign, fromCallback, fromPromise, setup } from 'xstate';
import { CLOSE_CODES } from '../page-protocol.ts';

/** The first wait before another attempt, and the longest, ms: a process that restarts is back within seconds. */
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 5_000;
/** A loopback answers within milliseconds; a process that is stopped in a debugger does not. */
const ACCESS_DEADLINE_MS = 5_000;
const WELCOME_DEADLINE_MS = 5_000;
/** A connection that has lasted so long is a good one, ms: more than the longest wait, or a short one would be tried for ever. */
const STEADY_MS = 10_000;
/** Somebody else has to leave first. */
const FULL_WAIT_MS = 10_000;

/** Why the page is not connected. */
export type Absence = 'unreachable' | 'unanswered' | 'closing' | 'handshake' | 'slow' | 'lost';

/** What the process says to the token. */
export type Access = 'granted' | 'refused';

export interface LifeContext {
  readonly token: string | null;
  /** Attempts in a row that came to nothing, or not to much. */
  readonly attempts: number;
  /** When the next attempt begins, while one is waited for. */
  readonly retryAt: number;
  readonly absence: Absence;
  /** It was live once: what is shown may be out of date. */
  readonly wasLive: boolean;
  readonly now: () => number;
}

export type LifeEvent =
  | { readonly type: 'TOKEN'; readonly token: string } // e.g. pasted by the user
  | { readonly type: 'RETRY' } // e.g. "Try now"
  | { readonly type: 'WELCOME' } // e.g. the server has answered the hello
  | { readonly type: 'CLOSED'; readonly code: number; readonly opened: boolean }; // e.g. the process was stopped

export interface LinkInput {
  readonly token: string;
}

/** The wait before attempt number `attempts + 1`, ms. */
export const backOffMs = (attempts: number): number =>
  Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.max(0, attempts - 1));

const absenceOf = (code: number, opened: boolean): Absence => {
  if (code === CLOSE_CODES.goingAway) return 'closing';
  if (code === CLOSE_CODES.tooSlow) return 'slow';
  return opened ? 'lost' : 'handshake';
};

const lifeSetup = setup({
  types: {
    context: {} as LifeContext,
    events: {} as LifeEvent,
    input: {} as { readonly token: string | null; readonly now: () => number },
  },
  actors: {
    /** Asks whether the token is good; rejects if nobody answers. */
    access: fromPromise<Access, LinkInput>(() => Promise.reject(new Error('access is not provided'))),
    /** Holds the socket: sends WELCOME and CLOSED. */
    link: fromCallback<LifeEvent, LinkInput>(() => {
      throw new Error('link is not provided');
    }),
  },
  delays: {
    accessDeadline: ACCESS_DEADLINE_MS,
    welcomeDeadline: WELCOME_DEADLINE_MS,
    backOff: ({ context }) => backOffMs(context.attempts),
    fullWait: FULL_WAIT_MS,
    steady: STEADY_MS,
  },
  guards: {
    hasToken: ({ context }) => context.token !== null,
    isGranted: (_, params: { access: Access }) => params.access === 'granted',
    isFull: ({ event }) => event.type === 'CLOSED' && event.code === CLOSE_CODES.full,
    isAbuse: ({ event }) => event.type === 'CLOSED' && event.code === CLOSE_CODES.abuse,
  },
  actions: {
    takeToken: assign(({ event }) => (event.type === 'TOKEN' ? { token: event.token, attempts: 0 } : {})),
    note: assign((_, { absence }: { absence: Absence }) => ({ absence })),
    noteClosed: assign(({ event }) =>
      event.type === 'CLOSED' ? { absence: absenceOf(event.code, event.opened) } : {},
    ),
    planRetry: assign(({ context }) => ({
      attempts: context.attempts + 1,
      retryAt: context.now() + backOffMs(context.attempts + 1),
    })),
    planLateRetry: assign(({ context }) => ({ retryAt: context.now() + FULL_WAIT_MS })),
    noteLive: assign({ wasLive: true }),
    forgetAttempts: assign({ attempts: 0 }),
  },
});

const linkInput = ({ context }: { context: LifeContext }): LinkInput => ({ token: context.token ?? '' });

/** The life of the connection between the page and the process that it looks at. */
export const lifeMachine = lifeSetup.createMachine({
  id: 'connection',
  context: ({ input }) => ({
    token: input.token,
    now: input.now,
    attempts: 0,
    retryAt: 0,
    absence: 'unreachable',
    wasLive: false,
  }),
  initial: 'beginning',
  on: { TOKEN: { target: '.asking', actions: 'takeToken', reenter: true } },
  states: {
    beginning: { always: [{ guard: 'hasToken', target: 'asking' }, { target: 'refused' }] },
    asking: {
      invoke: {
        src: 'access',
        input: linkInput,
        onDone: [
          { guard: { type: 'isGranted', params: ({ event }) => ({ access: event.output }) }, target: 'linked' },
          { target: 'refused' },
        ],
        onError: { target: 'away', actions: { type: 'note', params: { absence: 'unreachable' } } },
      },
      after: { accessDeadline: { target: 'away', actions: { type: 'note', params: { absence: 'unanswered' } } } },
    },
    linked: {
      invoke: { src: 'link', input: linkInput },
      on: {
        CLOSED: [
          { guard: 'isFull', target: 'full' },
          { guard: 'isAbuse', target: 'dismissed' },
          { target: 'away', actions: 'noteClosed' },
        ],
      },
      initial: 'greeting',
      states: {
        greeting: {
          on: { WELCOME: 'live' },
          after: {
            welcomeDeadline: {
              target: '#connection.away',
              actions: { type: 'note', params: { absence: 'unanswered' } },
            },
          },
        },
        live: { entry: 'noteLive', after: { steady: { actions: 'forgetAttempts' } } },
      },
    },
    away: { entry: 'planRetry', after: { backOff: 'asking' }, on: { RETRY: 'asking' } },
    full: { entry: 'planLateRetry', after: { fullWait: 'asking' }, on: { RETRY: 'asking' } },
    /** No token, or a wrong one: only another one helps. */
    refused: {},
    /** The server took the page for an attacker. */
    dismissed: { on: { RETRY: 'asking' } },
  },
});
