// What the named parts of the charts mean, in a sentence each: for the documents, and for who looks at a running one.
import { DRAIN_DEADLINE_MS } from '../../machines/coordinator.ts';
import {
  LONGEST_BACKOFF_MS,
  MINT_DEADLINE_MS,
  MINT_FLOOR_MS,
  NOTIFY_DEADLINE_MS,
  OPEN_DEADLINE_MS,
  PURGE_DEADLINE_MS,
  RELEASE_DEADLINE_MS,
} from '../../machines/session-deadlines.ts';
import { RETRY_BUDGET_MS } from '../../machines/session-setup.ts';
import type { ChartWords } from './page-protocol.ts';

const seconds = (ms: number): string => `${ms / 1_000} s`;

const SESSION: ChartWords = {
  guards: {
    needsCredential: 'Its kind has a credential, and it holds none that is still good.',
    hasChannel: 'Its kind has a channel of its own.',
    hasProbe: 'Its kind can ask the other side whether it is there.',
    mustWait: `Its turn to ask for a credential has not come: less than ${seconds(MINT_FLOOR_MS)} since the last time, or a back-off is not over.`,
    isRefused: 'The service has refused the credential, and no new one is there yet.',
    isPaused: 'It was paused when its actor threw.',
    isRefusedTooOften:
      'The service has refused `maxRetryAttempts` credentials in a row, with no connection in between.',
    canRetry: `The failure may pass, an attempt is left, and the next one comes before the old credential and the budget of ${seconds(RETRY_BUDGET_MS)} run out.`,
    isIdle: 'There was no activity for the whole idle window.',
    isPastLifetime: 'Its lifetime is over, or the server has closed it meanwhile.',
    mustRenewFirst: 'The credential ran out, was refused, or came due for renewal during the pause.',
    canRenew: 'Its kind has a credential.',
    isEndRequested: 'Its end was asked for while it gave back what it held.',
    canRevive: 'Its kind has a credential, its end was not asked for, and its lifetime is not over.',
  },
  delays: {
    renewal: 'Until the lead before the expiry: `renewalMarginSeconds`, at most half the life of the credential.',
    inactivity: 'Until `inactivityTimeoutMinutes` after the latest activity, as it was when the timer was armed.',
    heartbeat: '`heartbeatIntervalSeconds` after the one before.',
    warning: 'Until `durationWarningSeconds` before the end of the lifetime, once.',
    lifetime:
      'Until `maxDurationMinutes` after it became usable, or the cap that the server told, whichever is earlier.',
    expiry: 'Until the credential runs out.',
    backoff: `Until its next turn: \`retryBackoffMs\`, doubled with each attempt, up to ${seconds(LONGEST_BACKOFF_MS)} and 25 % of jitter; longer where the provider asks for it.`,
    mintDeadline: `${seconds(MINT_DEADLINE_MS)}, less where the budget of the operation ends before.`,
    openDeadline: `${seconds(OPEN_DEADLINE_MS)}, less where the budget of the operation ends before.`,
    notifyDeadline: `${seconds(NOTIFY_DEADLINE_MS)} for the hook that tells of the end.`,
    releaseDeadline: `${seconds(RELEASE_DEADLINE_MS)} to close the channel and to give credentials back.`,
    purgeDeadline: `${seconds(PURGE_DEADLINE_MS)} to remove what the session leaves behind.`,
  },
  actions: {
    returnAdmission: 'Gives the slot back with which it was let in again.',
    beginMint: 'Counts an attempt to obtain a credential.',
    beginOpen: 'Counts an attempt to open the channel.',
    waitForTurn: 'Sets the end of the wait to its next turn.',
    noteFailure: 'Keeps the error, and sets the end of the back-off.',
    adopt: 'Takes the new credential into use; the old one is given back.',
    noteOpened: 'Notes when the server will close the channel.',
    markUsable: 'Notes that it can be used, for the first time.',
    becomeUsable: 'The same, and its windows and its lifetime begin.',
    beginRenewal: 'Begins a renewal, with its cause.',
    completeRenewal: 'Counts the renewal and its latency.',
    failRenewal: 'Counts the failed renewal.',
    dropLease: 'Forgets the credential.',
    dropExpired: 'Forgets the credential if it has run out.',
    markRefused: 'Forgets the credential that was refused, and counts that.',
    noteRefusal: 'Keeps the refusal as the error.',
    touch: 'Begins the idle window anew.',
    configure: 'Takes the new settings.',
    noteTransport: 'Notes what the transport reports, and the cap if there is one.',
    countBeat: 'Counts a heartbeat; a question that is still open counts as a failed one.',
    noteAlive: 'Notes that the other side answered.',
    noteSilence: 'Notes that the other side did not answer.',
    forgetProbe: 'Forgets the question that is open.',
    warn: 'Notes that the warning was given.',
    pause: 'Stops its windows and breaks a renewal off; whoever waits for that is told `OPERATION_ABORTED`.',
    unpause: 'Lets its windows go on with what was left.',
    setReason: 'Sets the reason of the end, unless there is one.',
    takeReason: 'Takes the reason from who asked, unless there is one.',
    fail: 'Sets the reason: it never started, or its credential could not be renewed.',
    revive: 'Begins anew: no reason, no cap, full windows.',
    requestEnd: 'Remembers that its end was asked for.',
    noteUnfinished: 'Keeps the codes of what a step of the end could not do.',
    noteLoss: 'Keeps the code of the step that failed or took too long.',
  },
};

const COORDINATOR: ChartWords = {
  guards: {
    hasPlace: 'There is a slot, or a place in the queue.',
    canEvict:
      'An idle session can be ended for it: the policy is `evict-idle`, the limit is kept, and not all are leaving already.',
    hasSlot: 'Fewer sessions live than may.',
    canAdmit: 'A start waits and there is a slot.',
    strandsWaiting: 'With the lower limit nobody would leave for the starts that wait.',
    isWaiting: 'The start waits.',
    mayRestart:
      'It held a slot, was not on its way out, and fewer than `restarts.max` sessions have crashed within the window.',
    isEmpty: 'There is no session left.',
  },
  delays: { drainDeadline: `${seconds(DRAIN_DEADLINE_MS)} for all ends together; what is left then is abandoned.` },
  actions: {
    admit: 'Runs the session.',
    refuse: 'Tells the caller that there is no place, with the code.',
    refuseWaiting: 'The same to every start that waits.',
    evictFor: 'Ends the session that has been idle for longest; where there is none the start is refused.',
    revive: 'Lets a failed session in again.',
    restart: 'Starts a session that crashed again.',
    abandon: 'Gives a session up that crashed.',
    endAll: 'Ends every session and refuses every start that waits.',
    abandonAll: 'Gives up what did not end in time.',
    enqueue: 'Puts the start at the end of the queue.',
    takeFirst: 'Takes the first out of the queue and counts it.',
    withdraw: 'Takes a start out of the queue.',
    takeSlot: 'Counts a slot as taken.',
    freeSlot: 'Counts a slot as free.',
    forget: 'Counts a session as gone, and its slot as free if it held one.',
    noteCrash: 'Remembers a crash.',
    configure: 'Takes the new limits.',
    emptyQueue: 'Forgets the starts that waited.',
    forgetAll: 'Counts nothing any more.',
  },
};

const CIRCUIT_BREAKER: ChartWords = {
  guards: {
    isLastStraw: 'It is the last of as many failures in a row as the threshold says.',
    hasCooledDown: 'The cool-down is over.',
    isProbe: 'It is the one call that was let through.',
    isProbeLost: 'That call has not been heard of for a whole cool-down.',
  },
  delays: {},
  actions: {
    countFailure: 'Counts a failure.',
    open: 'Notes when it opened.',
    admit: 'Notes that a call was let through.',
    admitProbe: 'Lets this one call through.',
    reset: 'Forgets all failures.',
    forgetProbe: 'Forgets which call was let through.',
  },
};

const RETRY: ChartWords = {
  guards: {
    isOver: 'It answers an attempt that is over.',
    isFatal: 'The failure will not pass.',
    isLast: 'No attempt is left.',
    isTooLong: 'The wait would not end before the budget does.',
  },
  delays: { untilNext: 'The planned wait.', untilEnd: 'What is left of the budget.' },
  actions: {
    askForAttempt: 'Says that an attempt is due.',
    announceRetry: 'Says that it waits, and for how long.',
    countAttempt: 'Counts the next attempt.',
    planWait: 'Plans the wait: by the policy, longer where the provider asks for it.',
    giveUp: 'Notes why it gave up.',
  },
};

const KEY_SLOT: ChartWords = {
  guards: {},
  delays: { untilExpiry: 'Until the key runs out.' },
  actions: { stamp: 'Notes the new key.', tell: 'Says that the key is gone, and why.' },
};

/** The words of every chart, by the id of its machine. */
export const CHART_WORDS: Readonly<Record<string, ChartWords>> = {
  session: SESSION,
  coordinator: COORDINATOR,
  circuitBreaker: CIRCUIT_BREAKER,
  retry: RETRY,
  keySlot: KEY_SLOT,
};
