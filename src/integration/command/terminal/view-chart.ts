import { raise } from 'xstate';
import { viewSetup } from './view-setup.ts';

const by = <const Type extends string>(type: Type, step: number) => ({ type, params: { by: step } }) as const;
const READ_ONLY = 'This inspector is read-only: createInspector({ allowSend: true }) lets viewers send.';
const close = '#view.place.browsing.back' as const;

/** Steps and pages, the same wherever something can be gone through. */
const travel = <
  const One extends string,
  const Page extends string,
  const Top extends string,
  const End extends string,
>(
  one: One,
  page: Page,
  top: Top,
  end: End,
  up: 1 | -1,
) =>
  ({
    'key.up': { actions: by(one, up) },
    'key.k': { actions: by(one, up) },
    'key.down': { actions: by(one, -up) },
    'key.j': { actions: by(one, -up) },
    'key.pageup': { actions: by(page, up) },
    'key.pagedown': { actions: by(page, -up) },
    'key.home': { actions: top },
    'key.g': { actions: top },
    'key.end': { actions: end },
    'key.G': { actions: end },
  }) as const;

/** What the list can be asked. */
const asking = {
  'key.f': { actions: { type: 'filter', params: { step: 1 } } },
  'key.F': { actions: { type: 'filter', params: { step: -1 } } },
  'key.o': { actions: 'sort' },
  'key.O': { actions: 'turn' },
} as const;

/**
 * What keys do: the chart of the terminal view. It knows where the user is and what is looked at; what that needs of
 * the outside it says as wishes, or they follow from its context.
 */
export const viewMachine = viewSetup.createMachine({
  id: 'view',
  type: 'parallel',
  context: ({ input }) => ({
    room: input.room,
    list: { matched: 0, offset: 0, actors: [] },
    facts: { allowSend: false, role: null, accepts: [], states: [], logLines: 0, storyLines: 0 },
    cursor: 0,
    top: 0,
    chosen: null,
    search: '',
    searchBefore: '',
    state: null,
    sort: 'started',
    descending: false,
    logUp: 0,
    storyTop: 0,
    menu: null,
    asked: null,
    choice: 0,
    line: '',
    notice: null,
  }),
  on: {
    ROOM: { actions: 'takeRoom' },
    LISTED: { actions: 'takeList' },
    FACTS: { actions: 'takeFacts' },
    'key.interrupt': { actions: 'quit' },
    'key.suspend': { actions: 'suspend' },
    'key.redraw': { actions: 'redraw' },
  },
  states: {
    place: {
      initial: 'browsing',
      on: { AFRESH: { target: '.browsing.list', actions: 'forgetActors' } },
      states: {
        browsing: {
          initial: 'list',
          on: {
            'key.search': { target: 'searching', actions: 'keepSearch' },
            'key.help': 'help',
            'key.e': { guard: 'hasChosen', target: 'story' },
            'key.s': [
              { guard: 'maySend', target: 'sending' },
              { guard: 'isReadOnly', actions: { type: 'say', params: { text: READ_ONLY } } },
              { actions: { type: 'say', params: { text: 'Nothing can be sent to this one.' } } },
            ],
            'key.space': { actions: raise({ type: 'TOGGLE' }) },
            'key.r': { actions: 'retry' },
            'key.q': { actions: 'quit' },
            ...asking,
          },
          states: {
            list: {
              on: {
                ...travel('move', 'page', 'first', 'last', -1),
                'key.enter': { guard: 'hasChosen', target: 'detail' },
                'key.right': { guard: 'hasChosen', target: 'detail' },
                'key.l': { guard: 'hasChosen', target: 'detail' },
                'key.tab': { guard: 'hasChosen', target: 'detail' },
                'key.escape': { actions: 'showAll' },
              },
            },
            detail: {
              on: {
                ...travel('scrollLog', 'pageLog', 'oldestOfLog', 'newestOfLog', 1),
                'key.escape': 'list',
                'key.left': 'list',
                'key.h': 'list',
                'key.tab': 'list',
                'key.backspace': 'list',
              },
            },
            back: { type: 'history' },
          },
        },
        searching: {
          on: {
            'key.enter': 'browsing.list',
            'key.escape': { target: 'browsing.list', actions: 'undoSearch' },
            'key.up': { actions: by('move', -1) },
            'key.down': { actions: by('move', 1) },
            'key.backspace': { actions: 'rubSearch' },
            'key.clear': { actions: 'clearSearch' },
            'key.*': { guard: 'writes', actions: 'writeSearch' },
          },
        },
        story: {
          entry: ['explain', 'topOfStory'],
          on: {
            ...travel('scrollStory', 'pageStory', 'topOfStory', 'endOfStory', -1),
            'key.e': close,
            'key.q': close,
            'key.escape': close,
            'key.left': close,
          },
        },
        help: { on: { 'key.*': { guard: 'isOrdinary', target: close } } },
        sending: {
          initial: 'choosing',
          states: {
            choosing: {
              entry: 'beginMenu',
              on: {
                'key.up': { actions: by('moveMenu', -1) },
                'key.k': { actions: by('moveMenu', -1) },
                'key.down': { actions: by('moveMenu', 1) },
                'key.j': { actions: by('moveMenu', 1) },
                'key.enter': [
                  { guard: 'needsNothing', target: close, actions: 'send' },
                  { guard: 'needsChoice', target: 'valuing', actions: 'askChoice' },
                  { guard: 'needsText', target: 'writing', actions: 'beginLine' },
                  { actions: 'sayWhyNot' },
                ],
                'key.s': close,
                'key.q': close,
                'key.left': close,
                'key.escape': close,
              },
            },
            valuing: {
              on: {
                'key.up': { actions: by('moveChoice', -1) },
                'key.k': { actions: by('moveChoice', -1) },
                'key.down': { actions: by('moveChoice', 1) },
                'key.j': { actions: by('moveChoice', 1) },
                'key.enter': { target: close, actions: 'sendChoice' },
                'key.q': close,
                'key.left': 'choosing',
                'key.escape': 'choosing',
              },
            },
            writing: {
              on: {
                'key.enter': [{ guard: 'isGood', target: close, actions: 'sendLine' }, { actions: 'sayProblem' }],
                'key.backspace': { actions: 'rubLine' },
                'key.clear': { actions: 'clearLine' },
                'key.escape': 'choosing',
                'key.*': { guard: 'writes', actions: 'writeLine' },
              },
            },
          },
        },
      },
    },
    flow: {
      initial: 'following',
      on: { AFRESH: '.following' },
      states: {
        following: { on: { TOGGLE: 'paused' } },
        /** What is seen stands still; what happens goes on being collected. */
        paused: { on: { TOGGLE: 'following' } },
      },
    },
    notice: {
      initial: 'none',
      on: { NOTICE: { target: '.shown', actions: 'takeNotice' } },
      states: {
        none: {},
        shown: { after: { noticeOver: { target: 'none', actions: 'forgetNotice' } } },
      },
    },
  },
});
