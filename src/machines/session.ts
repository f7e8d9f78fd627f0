import { and, cancel, raise, spawnChild, stopChild } from 'xstate';
import { resumed, sessionSetup, timeOf } from './session-setup.ts';
import type { AttemptInput, EndReason, SessionContext, SessionCounters } from './session-types.ts';

/** The timers that a serving session has in every one of its states. */
const SERVING_TIMERS = ['inactivity', 'heartbeat', 'warning', 'lifetime'] as const;

const servingTimer = (name: (typeof SERVING_TIMERS)[number]) => `xstate.after.${name}.session.serving`;
const RENEWAL_TIMER = 'xstate.after.renewal.session.serving.active';
const PAUSED_EXPIRY_TIMER = 'xstate.after.expiry.session.paused';

const attemptInput = ({ context }: { context: SessionContext }): AttemptInput => ({
  sessionId: context.sessionId,
  attempt: context.attempt,
});

/** Arms a timer of the state that is active again, from its present deadline, without leaving the state. */
const rearm = (name: (typeof SERVING_TIMERS)[number] | 'renewal') => {
  const id = name === 'renewal' ? RENEWAL_TIMER : servingTimer(name);
  return [cancel(id), raise({ type: id } as never, { id, delay: name as never })] as never[];
};

const rearmServing = SERVING_TIMERS.flatMap(rearm);

const failRenewal = { target: '#session.failed', actions: ['noteFailure', 'failRenewal', 'fail'] } as const;
const failStart = { target: '#session.failed', actions: ['noteFailure', 'fail'] } as const;
/** A service that refuses every credential would have them minted without end. */
const refusedTooOften = {
  guard: 'isRefusedTooOften',
  target: '#session.failed',
  actions: ['markRefused', 'noteRefusal', 'fail'],
} as const;
const end = { target: '#session.ending', actions: 'takeReason' } as const;
const renewLater = { guard: 'canRevive', meta: { postpones: 'it must be admitted again first: REVIVE' } } as const;
/** No new refusal. */
const toldAgain = {
  guard: 'isRefused',
  meta: { ignores: 'it is told again of a credential that is gone already' },
} as const;
const note = { actions: ['noteTransport'] } as const;

/** A failed session that ends. */
const LEAVING = { ignores: { 'it is ending': ['END'] } } as const;

const NO_COUNTS: SessionCounters = {
  renewals: 0,
  failedRenewals: 0,
  heartbeats: 0,
  inactivityResets: 0,
  averageRenewalLatencyMs: 0,
};

/** One step of an end: it is waited for under a deadline, and what it could not do is noted. */
const step = <const Src extends 'notify' | 'release' | 'purge', const Target extends string>(
  src: Src,
  code: string,
  target: Target,
) =>
  ({
    invoke: {
      id: src,
      src,
      input: attemptInput,
      onDone: { target, actions: 'noteUnfinished' },
      onError: { target, actions: { type: 'noteLoss', params: { code: `${code}_FAILED` } } },
    },
    after: {
      [`${src}Deadline` as const]: { target, actions: { type: 'noteLoss', params: { code: `${code}_TIMEOUT` } } },
    },
  }) as const;

/**
 * The session chart: how a long-lived session starts, serves, renews its credential, pauses, fails and ends.
 *
 * It is pure. Time comes with the events, randomness as a seed, and what the session needs from outside through the
 * actors `acquire`, `open`, `probe`, `notify`, `release` and `purge` and the action `returnAdmission`, which a host
 * provides once for all sessions. The credential in use is the one that `context.lease` names: the host gives back every
 * other one.
 */
export const sessionMachine = sessionSetup.createMachine({
  id: 'session',
  context: ({ input }) => {
    const at = timeOf({ type: 'xstate.init', input });
    const previous = input.previous === undefined ? undefined : resumed(input.previous, at);
    // One that was paused stays so; a channel must be opened before it can be left alone again.
    const paused = input.previous !== undefined && input.previous.pausedAt !== null && !input.kind.channel;
    return {
      sessionId: input.sessionId,
      kind: input.kind,
      config: input.config,
      seed: input.seed,
      startedAt: previous?.startedAt ?? at,
      usableAt: previous?.usableAt ?? null,
      lastActivityAt: previous?.lastActivityAt ?? at,
      idleFrom: at,
      beatFrom: at,
      lifeFrom: previous?.lifeFrom ?? at,
      lastBeatAt: previous?.lastBeatAt ?? null,
      // The cap of a channel goes with the channel.
      capAt: input.kind.channel ? null : (previous?.capAt ?? null),
      warned: previous?.warned ?? false,
      pausedAt: paused ? at : null,
      lease: null,
      refused: false,
      refusals: 0,
      attempt: previous?.attempt ?? 0,
      openAttempt: null,
      tries: 0,
      lastMintAt: previous?.lastMintAt ?? null,
      retryAt: at,
      operationSince: at,
      renewalCause: null,
      lastError: null,
      transport: previous?.transport ?? { state: 'disconnected', lastConnectedAt: null, reconnectAttempts: 0 },
      probe: 'none',
      probing: false,
      counters: previous?.counters ?? NO_COUNTS,
      endReason: null,
      endRequested: false,
      unfinished: [],
    };
  },
  // Every way to the end gives a reason.
  output: ({ context }) => ({ reason: context.endReason as EndReason, unfinished: context.unfinished }),
  initial: 'starting',
  states: {
    starting: {
      tags: 'live',
      meta: {
        ignores: { 'it has not failed': ['REVIVE'], 'the attempt under way tells by itself': ['REFUSED'] },
        refuses: { SESSION_NOT_ACTIVE: ['PAUSE', 'RESUME', 'RENEW'] },
      },
      initial: 'preparing',
      on: {
        END: end,
        ACTIVITY: { actions: 'touch' },
        CONFIGURE: { actions: 'configure' },
        TRANSPORT: note,
      },
      states: {
        preparing: {
          always: [
            // Started again, after a crash or a failure, it keeps the floor as well.
            { guard: 'isPaused', target: '#session.paused' },
            { guard: and(['needsCredential', 'mustWait']), target: 'backingOff', actions: 'waitForTurn' },
            { guard: 'needsCredential', target: 'acquiring' },
            { guard: 'hasChannel', target: 'opening' },
            { target: '#session.serving', actions: 'becomeUsable' },
          ],
        },
        acquiring: {
          entry: 'beginMint',
          invoke: {
            id: 'acquire',
            src: 'acquire',
            input: attemptInput,
            onDone: [
              { guard: 'hasChannel', target: 'opening', actions: 'adopt' },
              { target: '#session.serving', actions: ['adopt', 'becomeUsable'] },
            ],
            onError: [{ guard: 'canRetry', target: 'backingOff', actions: 'noteFailure' }, failStart],
          },
          after: {
            mintDeadline: [{ guard: 'canRetry', target: 'backingOff', actions: 'noteFailure' }, failStart],
          },
        },
        opening: {
          entry: 'beginOpen',
          invoke: {
            id: 'open',
            src: 'open',
            input: attemptInput,
            onDone: { target: '#session.serving', actions: ['noteOpened', 'becomeUsable'] },
            onError: [{ guard: 'canRetry', target: 'backingOff', actions: 'noteFailure' }, failStart],
          },
          after: {
            openDeadline: [{ guard: 'canRetry', target: 'backingOff', actions: 'noteFailure' }, failStart],
          },
        },
        backingOff: {
          after: { backoff: 'preparing' },
        },
      },
    },
    serving: {
      tags: ['live', 'serving'],
      meta: { ignores: { 'it is not paused': ['RESUME'], 'it has not failed': ['REVIVE'] } },
      initial: 'active',
      exit: [stopChild('probe'), 'forgetProbe'],
      after: {
        inactivity: [
          { guard: 'isIdle', target: 'ending', actions: { type: 'setReason', params: { reason: 'idle' } } },
          { actions: rearm('inactivity') },
        ],
        heartbeat: [
          {
            guard: 'hasProbe',
            actions: [
              'countBeat',
              stopChild('probe'),
              spawnChild('probe', { id: 'probe', input: attemptInput as never }),
              ...rearm('heartbeat'),
            ],
          },
          { actions: ['countBeat', ...rearm('heartbeat')] },
        ],
        warning: { actions: 'warn' },
        lifetime: { target: 'ending', actions: { type: 'setReason', params: { reason: 'lifetime' } } },
      },
      on: {
        END: end,
        PAUSE: { target: 'paused', actions: 'pause' },
        ACTIVITY: { actions: 'touch' },
        CONFIGURE: { actions: ['configure', ...rearmServing] },
        TRANSPORT: { actions: ['noteTransport', ...rearmServing] },
        'xstate.done.actor.probe': { actions: ['noteAlive', stopChild('probe')] },
        'xstate.error.actor.probe': { actions: ['noteSilence', stopChild('probe')] },
      },
      states: {
        active: {
          meta: {
            ignores: { 'its kind has no credential': ['REFUSED'] },
            refuses: { SESSION_NOT_ACTIVE: ['RENEW'] },
          },
          after: {
            renewal: { target: 'renewing', actions: { type: 'beginRenewal', params: { cause: 'auto-renewal' } } },
          },
          on: {
            RENEW: {
              guard: 'canRenew',
              target: 'renewing',
              actions: { type: 'beginRenewal', params: { cause: 'manual-renewal' } },
            },
            REFUSED: [
              refusedTooOften,
              {
                guard: 'canRenew',
                target: 'renewing',
                actions: ['markRefused', { type: 'beginRenewal', params: { cause: 'credential-refused' } }],
              },
            ],
            CONFIGURE: { actions: ['configure', ...rearmServing, ...rearm('renewal')] },
          },
        },
        renewing: {
          initial: 'preparing',
          meta: { postpones: { 'the renewal under way answers it': ['RENEW'] } },
          // An old credential that has already run out sets no limit to the renewal.
          entry: 'dropExpired',
          after: {
            expiry: failRenewal,
          },
          on: {
            REFUSED: [toldAgain, refusedTooOften, { target: '.preparing', actions: 'markRefused', reenter: true }],
          },
          states: {
            preparing: {
              always: [{ guard: 'mustWait', target: 'backingOff', actions: 'waitForTurn' }, { target: 'acquiring' }],
            },
            acquiring: {
              entry: 'beginMint',
              invoke: {
                id: 'acquire',
                src: 'acquire',
                input: attemptInput,
                onDone: {
                  target: '#session.serving.active',
                  actions: ['adopt', 'completeRenewal', 'markUsable'],
                },
                onError: [{ guard: 'canRetry', target: 'backingOff', actions: 'noteFailure' }, failRenewal],
              },
              after: {
                mintDeadline: [{ guard: 'canRetry', target: 'backingOff', actions: 'noteFailure' }, failRenewal],
              },
            },
            backingOff: {
              after: { backoff: 'acquiring' },
            },
          },
        },
      },
    },
    paused: {
      tags: 'live',
      meta: {
        ignores: {
          'it is paused already': ['PAUSE'],
          'it has not failed': ['REVIVE'],
          'its kind has no credential': ['REFUSED'],
        },
        refuses: { SESSION_NOT_ACTIVE: ['RENEW'] },
      },
      after: {
        expiry: { actions: 'dropLease' },
      },
      on: {
        END: end,
        RESUME: [
          { guard: 'isPastLifetime', target: 'ending', actions: { type: 'setReason', params: { reason: 'lifetime' } } },
          {
            guard: 'mustRenewFirst',
            target: 'serving.renewing',
            actions: ['unpause', { type: 'beginRenewal', params: { cause: 'resume' } }],
          },
          { target: 'serving', actions: 'unpause' },
        ],
        ACTIVITY: { actions: 'touch' },
        CONFIGURE: { actions: 'configure' },
        TRANSPORT: note,
        REFUSED: [toldAgain, { guard: 'canRenew', actions: ['markRefused', cancel(PAUSED_EXPIRY_TIMER)] }],
      },
    },
    ending: {
      tags: 'live',
      meta: {
        ignores: { 'it is ending': ['END', 'REVIVE', 'ACTIVITY', 'TRANSPORT', 'REFUSED'] },
        refuses: { SESSION_NOT_ACTIVE: ['PAUSE', 'RESUME', 'RENEW', 'CONFIGURE'] },
      },
      initial: 'notifying',
      states: {
        notifying: step('notify', 'HOOK', 'releasing'),
        releasing: { ...step('release', 'RELEASE', 'purging'), exit: 'dropLease' },
        purging: step('purge', 'PURGE', '#session.ended'),
      },
    },
    failed: {
      initial: 'releasing',
      meta: {
        ignores: { 'it does not serve': ['ACTIVITY', 'TRANSPORT', 'REFUSED'] },
        refuses: { SESSION_NOT_ACTIVE: ['PAUSE', 'RESUME', 'RENEW'] },
      },
      on: {
        REVIVE: { actions: 'returnAdmission' },
        CONFIGURE: { actions: 'configure' },
      },
      states: {
        releasing: {
          ...step('release', 'RELEASE', 'retained'),
          on: {
            END: { actions: 'requestEnd', meta: { postpones: 'it gives back what it holds first' } },
            RENEW: renewLater,
          },
          exit: 'dropLease',
        },
        retained: {
          always: { guard: 'isEndRequested', target: 'notifying' },
          on: {
            END: 'notifying',
            RENEW: renewLater,
            REVIVE: [
              { guard: 'hasChannel', target: '#session.starting', actions: 'revive' },
              {
                target: '#session.serving.renewing',
                actions: ['revive', { type: 'beginRenewal', params: { cause: 'manual-renewal' } }],
              },
            ],
          },
        },
        notifying: { ...step('notify', 'HOOK', 'purging'), meta: LEAVING },
        purging: { ...step('purge', 'PURGE', '#session.ended'), meta: LEAVING },
      },
    },
    ended: { type: 'final' },
  },
});

export type SessionMachine = typeof sessionMachine;
