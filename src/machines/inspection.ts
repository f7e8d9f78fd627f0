import { assign, emit, setup } from 'xstate';
import type { StateMeta } from './disposition.ts';

/** Shortest time between two rounds of news to the viewers, ms: 20 a second. */
const SHORTEST_GATHER_MS = 50;
/** Longest, however much there is to tell, ms. */
const LONGEST_GATHER_MS = 1_000;
/** After a round that took some time, so many times as long goes by without one: viewers get a twentieth of the process. */
const REST_FACTOR = 19;

type InspectionEvent =
  | { readonly type: 'CAME' } // e.g. a page said hello
  | { readonly type: 'LEFT' } // e.g. it was closed, and did not come back
  | { readonly type: 'CHANGED' } // e.g. a session is active now
  | { readonly type: 'TOLD'; readonly tookMs: number } // e.g. a round of news is over
  | { readonly type: 'CLOSED' }; // e.g. close()

/** What the one who observes the actors has to do. */
type InspectionEmitted =
  | { readonly type: 'openDue' } // begin to listen to the actors
  | { readonly type: 'newsDue' } // tell the viewers what changed
  | { readonly type: 'closeDue' }; // listen no more

interface InspectionContext {
  readonly viewers: number;
  readonly gatherMs: number;
}

const NEXT_NEWS = 'it is told with the next news';
const OLD_ROUND = 'that round was for viewers that have left';

const pace = {
  type: 'pace',
  params: ({ event }: { event: { readonly tookMs: number } }) => ({ tookMs: event.tookMs }),
} as const;

/**
 * When an inspector listens to the actors, and when it tells its viewers what changed: with no viewer nothing is
 * attached to any actor, and changes are gathered so that no viewer hears of them more than 20 times a second.
 *
 * A viewer counts until it is forgotten, some seconds after it left: so who reconnects finds everything as it was.
 */
export const inspectionMachine = setup({
  types: {
    context: {} as InspectionContext,
    events: {} as InspectionEvent,
    emitted: {} as InspectionEmitted,
    meta: {} as StateMeta<InspectionEvent['type']>,
  },
  delays: { gathering: ({ context }) => context.gatherMs },
  guards: { isLast: ({ context }) => context.viewers === 1 },
  actions: {
    open: emit({ type: 'openDue' }),
    tell: emit({ type: 'newsDue' }),
    close: emit({ type: 'closeDue' }),
    count: assign({ viewers: ({ context }) => context.viewers + 1 }),
    discount: assign({ viewers: ({ context }) => context.viewers - 1 }),
    pace: assign((_, { tookMs }: { tookMs: number }) => ({
      gatherMs: Math.min(Math.max(SHORTEST_GATHER_MS, tookMs * REST_FACTOR), LONGEST_GATHER_MS),
    })),
  },
}).createMachine({
  id: 'inspection',
  context: { viewers: 0, gatherMs: SHORTEST_GATHER_MS },
  initial: 'idle',
  states: {
    idle: {
      meta: { ignores: { 'nobody is watching': ['LEFT', 'CHANGED', 'TOLD'] } },
      on: { CAME: { target: 'watching', actions: 'count' }, CLOSED: 'closed' },
    },
    watching: {
      entry: 'open',
      exit: 'close',
      initial: 'gathering',
      on: {
        CAME: { actions: 'count' },
        LEFT: [{ guard: 'isLast', target: 'idle', actions: 'discount' }, { actions: 'discount' }],
        CLOSED: 'closed',
      },
      states: {
        quiet: {
          meta: { ignores: { [OLD_ROUND]: ['TOLD'] } },
          on: { CHANGED: 'gathering' },
        },
        gathering: {
          meta: { ignores: { [NEXT_NEWS]: ['CHANGED'], [OLD_ROUND]: ['TOLD'] } },
          after: { gathering: { target: 'telling', actions: 'tell' } },
        },
        telling: {
          initial: 'allThereIs',
          states: {
            allThereIs: {
              on: { CHANGED: 'andMoreCame', TOLD: { target: '#inspection.watching.quiet', actions: pace } },
            },
            andMoreCame: {
              meta: { ignores: { [NEXT_NEWS]: ['CHANGED'] } },
              on: { TOLD: { target: '#inspection.watching.gathering', actions: pace } },
            },
          },
        },
      },
    },
    closed: { type: 'final' },
  },
});
