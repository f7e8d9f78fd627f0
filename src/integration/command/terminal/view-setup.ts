import { assertEvent, assign, emit, raise, setup } from 'xstate';
import { draftedJson } from '../../inspect/viewer/send-fields.ts';
import * as moves from './view-moves.ts';
import type { ViewContext, ViewEvent, ViewWish } from './view-types.ts';

/** Long enough to read two lines. */
const NOTICE_MS = 6_000;
/** As long as the inspector takes it. */
const LONGEST_SEARCH = 200;
/** An event with its payload must fit into one frame. */
const LONGEST_LINE = 4_000;

type Self = { readonly context: ViewContext };

const chosenOf = (context: ViewContext): string => context.chosen ?? '';
const menuOf = (context: ViewContext): string => context.facts.accepts[moves.menuAt(context)]?.type ?? '';
const acceptanceOf = ({ facts }: ViewContext, type: string) => facts.accepts.find(each => each.type === type);
const bad = (text: string) => ({ type: 'NOTICE', notice: { text, tone: 'bad' } }) as const;
const isMissing = (context: ViewContext, what: 'nothing' | 'text' | 'choice'): boolean => {
  const missing = moves.missing(context.facts, menuOf(context));
  return (typeof missing === 'string' ? missing : 'choice') === what;
};
/** The present state of the event takes it, or keeps it for later. */
const isTaken = (context: ViewContext): boolean => {
  const kind = acceptanceOf(context, menuOf(context))?.kind;
  return kind === 'taken' || kind === 'postponed';
};

/** Names of the chart of {@link import('./view-chart.ts').viewMachine}. */
export const viewSetup = setup({
  types: {
    context: {} as ViewContext,
    events: {} as ViewEvent,
    emitted: {} as ViewWish,
    input: {} as { readonly room: ViewContext['room'] },
  },
  delays: { noticeOver: NOTICE_MS },
  guards: {
    hasChosen: ({ context }) => context.chosen !== null,
    maySend: ({ context }) => context.chosen !== null && context.facts.allowSend && context.facts.accepts.length > 0,
    isReadOnly: ({ context }) => !context.facts.allowSend,
    needsNothing: ({ context }) => isTaken(context) && isMissing(context, 'nothing'),
    needsChoice: ({ context }) => isTaken(context) && isMissing(context, 'choice'),
    needsText: ({ context }) => isTaken(context) && isMissing(context, 'text'),
    isOrdinary: ({ event }) => !['key.interrupt', 'key.suspend', 'key.redraw'].includes(event.type),
    writes: ({ event }) => 'text' in event && event.text !== '',
    isGood: ({ context }) => 'event' in draftedJson(menuOf(context), context.line),
  },
  actions: {
    move: assign(({ context }, { by }: { by: number }) => moves.moveTo(context, context.cursor + by)),
    page: assign(({ context }, { by }: { by: number }) =>
      moves.moveTo(context, context.cursor + by * Math.max(1, context.room.list - 1)),
    ),
    first: assign(({ context }) => moves.moveTo(context, 0)),
    last: assign(({ context }) => moves.moveTo(context, context.list.matched - 1)),
    filter: assign(({ context }, { step }: { step: 1 | -1 }) =>
      moves.askedAnew({ state: moves.nextState(context, step) }),
    ),
    sort: assign(({ context }) => moves.askedAnew({ sort: moves.nextSort(context) })),
    turn: assign(({ context }) => moves.askedAnew({ descending: !context.descending })),
    showAll: assign(({ context }) =>
      context.search === '' && context.state === null ? {} : moves.askedAnew({ search: '', state: null }),
    ),

    keepSearch: assign(({ context }) => ({ searchBefore: context.search })),
    writeSearch: assign(({ context, event }) =>
      'text' in event ? moves.askedAnew({ search: (context.search + event.text).slice(0, LONGEST_SEARCH) }) : {},
    ),
    rubSearch: assign(({ context }) => moves.askedAnew({ search: [...context.search].slice(0, -1).join('') })),
    clearSearch: assign(() => moves.askedAnew({ search: '' })),
    undoSearch: assign(({ context }) =>
      context.search === context.searchBefore ? {} : moves.askedAnew({ search: context.searchBefore }),
    ),

    scrollLog: assign(({ context }, { by }: { by: number }) => moves.scrolledLog(context, by)),
    pageLog: assign(({ context }, { by }: { by: number }) =>
      moves.scrolledLog(context, by * Math.max(1, context.room.log - 1)),
    ),
    oldestOfLog: assign(({ context }) => moves.scrolledLog(context, context.facts.logLines)),
    newestOfLog: assign({ logUp: 0 }),
    topOfStory: assign({ storyTop: 0 }),
    endOfStory: assign(({ context }) => moves.scrolledStory(context, context.facts.storyLines)),
    scrollStory: assign(({ context }, { by }: { by: number }) => moves.scrolledStory(context, by)),
    pageStory: assign(({ context }, { by }: { by: number }) =>
      moves.scrolledStory(context, by * Math.max(1, context.room.story - 1)),
    ),

    beginMenu: assign(({ context }) => ({
      menu: context.facts.accepts.find(({ kind }) => kind === 'taken')?.type ?? menuOf(context),
    })),
    moveMenu: assign(({ context }, { by }: { by: number }) => moves.movedMenu(context, by)),
    askChoice: assign(({ context }) => {
      const missing = moves.missing(context.facts, menuOf(context));
      return typeof missing === 'string' ? {} : { asked: missing, choice: 0 };
    }),
    moveChoice: assign(({ context }, { by }: { by: number }) => ({
      choice: Math.max(0, Math.min((context.asked?.choices.length ?? 1) - 1, context.choice + by)),
    })),
    beginLine: assign({ line: '' }),
    writeLine: assign(({ context, event }) =>
      'text' in event ? { line: (context.line + event.text).slice(0, LONGEST_LINE) } : {},
    ),
    rubLine: assign(({ context }) => ({ line: [...context.line].slice(0, -1).join('') })),
    clearLine: assign({ line: '' }),

    takeRoom: assign(({ context, event }) => {
      assertEvent(event, 'ROOM');
      return moves.withRoom(context, event.room);
    }),
    takeList: assign(({ context, event }) => {
      assertEvent(event, 'LISTED');
      return moves.withList(context, event.list);
    }),
    takeFacts: assign(({ event }) => {
      assertEvent(event, 'FACTS');
      return { facts: event.facts };
    }),
    takeNotice: assign(({ event }) => {
      assertEvent(event, 'NOTICE');
      return { notice: event.notice };
    }),
    say: raise((_, { text }: { text: string }) => bad(text)),
    sayWhyNot: raise(({ context }: Self) => {
      const { type = '', kind = '', because } = acceptanceOf(context, menuOf(context)) ?? {};
      return bad(`${type} is ${kind} now${because === undefined ? '' : `: ${because}`}`);
    }),
    sayProblem: raise(({ context }: Self) => {
      const draft = draftedJson(menuOf(context), context.line);
      return bad('problem' in draft ? draft.problem : '');
    }),
    forgetNotice: assign({ notice: null }),
    forgetActors: assign(() => ({ ...moves.askedAnew({}), list: { matched: 0, offset: 0, actors: [] } })),

    quit: emit({ type: 'quit' }),
    suspend: emit({ type: 'suspend' }),
    redraw: emit({ type: 'redraw' }),
    retry: emit({ type: 'retry' }),
    explain: emit(({ context }: Self) => ({ type: 'explain' as const, actor: chosenOf(context) })),
    send: emit(({ context }: Self) => ({
      type: 'send' as const,
      actor: chosenOf(context),
      event: { type: menuOf(context) },
    })),
    sendChoice: emit(({ context: { asked, choice, chosen } }: Self) => ({
      type: 'send' as const,
      actor: chosen ?? '',
      event: { type: asked?.type ?? '', [asked?.field ?? '']: asked?.choices[choice] },
    })),
    sendLine: emit(({ context }: Self) => {
      const draft = draftedJson(menuOf(context), context.line);
      return { type: 'send' as const, actor: chosenOf(context), event: 'event' in draft ? draft.event : { type: '' } };
    }),
  },
});
