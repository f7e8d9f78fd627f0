import { RULE_BOOK } from './rule-book.ts';
import { contextOf, runs, stateOf } from './watch.ts';
import type { SessionRule } from './witness.ts';

export const oneEnd: SessionRule = ({ before, event, after, was, is, reports }) => {
  const ended = reports.filter(({ type }) => type === 'ended');
  if (ended.length > 1) return 'its end is told twice';
  const state = stateOf(after);
  const { endReason } = contextOf(after);
  const [told] = ended as { reason: string }[];
  if (told !== undefined && told.reason !== is.reason) return `it ended as ${told.reason}, not as ${is.reason}`;
  if ((state === 'ending' || state === 'failed') && endReason !== is.reason)
    return `its reason is ${endReason}, not ${is.reason}`;
  if (state !== 'ending' && state !== 'failed' && state !== 'ended' && endReason !== null)
    return 'it lives and has a reason to have ended';
  if (before === undefined || event.type === 'REVIVE' || was.reason === null) return undefined;
  return was.reason === is.reason ? undefined : `its reason changed from ${was.reason} to ${is.reason}`;
};

export const terminal: SessionRule = ({ before }) =>
  before !== undefined && stateOf(before) === 'ended' ? 'something happened after the end' : undefined;

/** The step of an end that an event answers, or whose deadline it is. */
const stepOf = (type: string): string | undefined =>
  /^xstate\.(?:(?:done|error)\.actor\.|after\.)(notify|release|purge)/.exec(type)?.[1];

/** The longest that an end may take when nothing answers, ms. */
const LONGEST_END_MS = RULE_BOOK.notifyMs + RULE_BOOK.releaseMs + RULE_BOOK.purgeMs;

export const ending: SessionRule = ({ before, event, after, is }) => {
  const state = stateOf(after);
  const answered = stepOf(event.type);
  if (answered !== undefined && before !== undefined && runs(before, answered)) {
    if (after.snapshot.children[answered] === before.snapshot.children[answered] && state !== 'ended')
      return `the step ${answered} is answered and goes on`;
    const more = contextOf(after).unfinished.length - contextOf(before).unfinished.length;
    const { output } = event as unknown as { output?: readonly string[] };
    const lost = event.type.startsWith('xstate.done') ? (output?.length ?? 0) : 1;
    if (more !== lost) return `${lost} things were left undone and ${more} are told`;
  }
  if (state === 'ended') {
    return [...is.steps].sort().join('') === 'npr' ? undefined : `it ended with the steps "${is.steps}"`;
  }
  if (state === 'ending') {
    const [step, ...others] = ['notify', 'release', 'purge'].filter(child => runs(after, child));
    if (step === undefined || others.length > 0) return 'an end takes one step at a time';
    const latest = Math.max(...[...after.timers.values()].map(({ dueAt }) => dueAt));
    if (latest > after.now + LONGEST_END_MS) return 'an end takes too long';
  }
  if (state === 'ending' && contextOf(after).renewalCause !== null) return 'it ends and renews';
  if (before === undefined) return undefined;
  const from = stateOf(before);
  if (from === 'ending' && state !== 'ending') return `an end was broken off: it is ${state}`;
  if (event.type !== 'END') return undefined;
  if (from === 'failed') {
    const { endRequested } = contextOf(after);
    const goes = endRequested || runs(after, 'notify') || runs(after, 'purge');
    return goes ? undefined : 'an end was asked for and forgotten';
  }
  return state === 'ending' ? undefined : 'an end was asked for and not begun';
};

export const failing: SessionRule = ({ before, event, after }) => {
  const state = stateOf(after);
  if (after.snapshot.matches({ failed: 'retained' }) && contextOf(after).endRequested)
    return 'it is kept although its end was asked for';
  const releases =
    before?.snapshot.matches({ failed: 'releasing' }) === true && !after.snapshot.matches({ failed: 'releasing' });
  if (releases && before !== undefined && state === 'failed') {
    const expected = contextOf(before).endRequested ? 'notifying' : 'retained';
    if (!after.snapshot.matches({ failed: expected })) return `it gave back what it held and is not ${expected}`;
  }
  if (before === undefined || stateOf(before) !== 'failed' || state === 'failed' || state === 'ended') return undefined;
  if (event.type !== 'REVIVE') return `it came back to life by ${event.type}`;
  const expected = contextOf(after).kind.channel ? 'starting' : 'renewing';
  return state === expected ? undefined : `it was revived into ${state}, not into ${expected}`;
};
