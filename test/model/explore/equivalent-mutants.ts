const FINAL = 'the actor is over, and whoever runs it takes back the timers of an actor that is over';
const REPLACED =
  'the raise that follows arms the same timer anew: a timer takes the place of one of its name, and this one always has a deadline';
const FIRED = 'it is the timer that has just fired: there is none to take back';
const UNREAD = 'a coordinator that drains lets nobody in, so the slots it counts decide nothing any more';

const serving = (event: string, action: number): string =>
  `session.serving — ${event} #1: leave out xstate.cancel #${action}`;

/** Mutants that behave as the chart does, each with the reason why nothing can tell them apart. */
export const EQUIVALENT: Readonly<Record<string, string>> = {
  [serving('CONFIGURE', 8)]: REPLACED,
  [serving('TRANSPORT', 2)]: REPLACED,
  [serving('TRANSPORT', 4)]: REPLACED,
  [serving('TRANSPORT', 6)]: REPLACED,
  [serving('TRANSPORT', 8)]: REPLACED,
  'session.serving.active — CONFIGURE #1: leave out xstate.cancel #8': REPLACED,
  'session.serving.active — CONFIGURE #1: leave out xstate.cancel #10': REPLACED,
  'session.serving — xstate.after.inactivity #2: leave out xstate.cancel #1': FIRED,
  'session.serving — xstate.after.heartbeat #1: leave out xstate.cancel #4': FIRED,
  'session.serving — xstate.after.heartbeat #2: leave out xstate.cancel #2': FIRED,
  'session.ending.purging exit: leave out xstate.cancel #1': FINAL,
  'session.failed.purging exit: leave out xstate.cancel #1': FINAL,
  'retry.waiting exit: leave out xstate.cancel #1': FINAL,
  'swap the delays mintDeadline and openDeadline':
    'both are the same time, MINT_DEADLINE_MS and OPEN_DEADLINE_MS, within the same budget',
  'swap the delays notifyDeadline and purgeDeadline':
    'both are the same time, NOTIFY_DEADLINE_MS and PURGE_DEADLINE_MS',
  'coordinator — CHILD_STOPPED #1: drop':
    'the event is declared to be ignored, and an event that nobody takes is ignored too',
  'coordinator.draining — FAILED #1: drop': UNREAD,
  'coordinator.draining — FAILED #1: leave out freeSlot #1': UNREAD,
  'coordinator.draining — RETURNED #1: drop': UNREAD,
  'coordinator.draining — RETURNED #1: leave out freeSlot #1': UNREAD,
  'coordinator.draining — xstate.after.drainDeadline #1: stay instead of going to coordinator.stopped':
    'the actions of the same transition leave no session, and an empty coordinator that drains stops at once',
};
