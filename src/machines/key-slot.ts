import { assign, emit, setup } from 'xstate';
import type { StateMeta } from './disposition.ts';

export type KeySlotEvent =
  | { type: 'INITIALISED' } // e.g. the owner awaited initialize()
  | { type: 'KEY_ARRIVED'; at: number; expiresAt: number } // e.g. a request was answered; both on the scale of the clock
  | { type: 'KEY_DROPPED' } // e.g. the user signed out
  | { type: 'DISPOSED' }; // e.g. the extension is deactivated

/** What the slot tells: the key in it is gone. `expired` by its own end, `dropped` because somebody said so. */
export type KeySlotEmitted = { type: 'keyGone'; reason: 'expired' | 'dropped' };

interface KeySlotContext {
  readonly at: number;
  readonly expiresAt: number;
}

/**
 * The life of a key service and of the one key that it keeps at hand: the key leaves the slot at the instant at which
 * it expires. A newer key takes the place of an older one without a notice.
 */
export const keySlotMachine = setup({
  types: {
    context: {} as KeySlotContext,
    events: {} as KeySlotEvent,
    emitted: {} as KeySlotEmitted,
    tags: {} as 'initialised',
    meta: {} as StateMeta<KeySlotEvent['type']>,
  },
  actions: {
    stamp: assign((_, key: KeySlotContext) => key),
    tell: emit((_, params: { reason: KeySlotEmitted['reason'] }) => ({ type: 'keyGone' as const, ...params })),
  },
  delays: {
    untilExpiry: ({ context }) => Math.max(0, context.expiresAt - context.at),
  },
}).createMachine({
  id: 'keySlot',
  context: { at: 0, expiresAt: 0 },
  initial: 'uninitialised',
  states: {
    uninitialised: {
      meta: { ignores: { 'no key is asked for before': ['KEY_ARRIVED'], 'there is none': ['KEY_DROPPED'] } },
      on: { INITIALISED: 'empty' },
    },
    empty: {
      meta: { ignores: { 'it is initialised already': ['INITIALISED'], 'there is none': ['KEY_DROPPED'] } },
      tags: 'initialised',
      on: {
        KEY_ARRIVED: {
          target: 'holding',
          actions: { type: 'stamp', params: ({ event: { at, expiresAt } }) => ({ at, expiresAt }) },
        },
      },
    },
    holding: {
      meta: { ignores: { 'it is initialised already': ['INITIALISED'] } },
      tags: 'initialised',
      on: {
        KEY_ARRIVED: {
          target: 'holding',
          reenter: true,
          actions: { type: 'stamp', params: ({ event: { at, expiresAt } }) => ({ at, expiresAt }) },
        },
        KEY_DROPPED: { target: 'empty', actions: { type: 'tell', params: { reason: 'dropped' } } },
      },
      after: {
        untilExpiry: { target: 'empty', actions: { type: 'tell', params: { reason: 'expired' } } },
      },
    },
    disposed: { type: 'final' },
  },
  on: { DISPOSED: '.disposed' },
});
