import { END_LIMIT_MS } from './simulation-operations.ts';
import type { Story } from './simulation-story.ts';
import type { SimulationWorld } from './simulation-world.ts';

/**
 * What holds in every run of a simulation, whatever is called and whatever fails. Those without a text of their own here
 * are held against each event or call as it comes.
 */
export const SIMULATION_INVARIANTS = Object.freeze({
  limit: 'No more sessions are live than the limit allows.',
  'one-end': 'Each session ends exactly once, with one reason.',
  silence: 'Nothing is told of a session after its end, and nothing at all after the disposal.',
  chain: 'Each change of state begins where the one before ended.',
  explain: 'explain() tells the transitions and the reason that the events told.',
  answers: 'Every call is answered once, as documented, at the latest when everything is over.',
  'end-in-time': 'An end and a disposal are over within 2 s.',
  progress: 'No session starts or renews for longer than its budget.',
  patience: 'The first attempt to mint is waited for as long as promised, 10 s, and no attempt is given up at once.',
  'one-credential': 'A session holds one credential at most, and none when it has ended.',
  balance: 'Credentials that were minted are held, released or told as unreleased.',
  'valid-credential': 'A session that is active has a credential that has not run out.',
  'mint-floor': 'Two mints of a session are at least a second apart.',
  deadlines: 'No session serves beyond its idle window or its lifetime, and none is ended by them too early.',
  hooks: 'Each suspension is followed by one resumption or by the end.',
  purge: 'The data of each session that ended is purged once.',
  channels: 'Every channel that was opened is closed.',
  secrets: 'No secret is in an event, an answer, a log line or an error.',
  residue: 'After the disposal there is no session and no timer.',
});
/** The name of an invariant that comes with the simulation. */
export type SimulationInvariantName = keyof typeof SIMULATION_INVARIANTS;

/** Fractions of minutes do not come out even, ms. */
const TOLERANCE_MS = 1;
/** Longest time of one operation of a session with all its attempts (70 s), and of the mint that it may end with, ms. */
const PROGRESS_LIMIT_MS = 80_000;

/** Holds the world against everything that can be seen at any moment at rest. */
export function checkAlways(world: SimulationWorld): void {
  const { manager, clock } = world;
  let live = 0;
  for (const story of world.stories.values()) {
    if (story.endedAt !== undefined) {
      if (story.held.size > 0 && world.takesBack)
        world.broken('one-credential', `${story.sessionId} ended and still holds one`);
      continue;
    }
    if (story.isLive) live += 1;
    checkStory(world, story);
  }
  const limit = manager.getMaxConcurrentSessions();
  if (live > Math.max(limit, world.live)) world.broken('limit', `${live} sessions are live, ${limit} are allowed`);
  world.live = live;
  const awake = clock.awake();
  for (const { what, since, limitMs } of world.calls.values()) {
    if (awake - since > limitMs) world.broken('end-in-time', `${what} has not been answered for ${awake - since} ms`);
  }
  const { minted, released, unreleased, held } = manager.getCredentialCounts();
  if (held < 0 || minted < held + released + unreleased) {
    world.broken('balance', JSON.stringify({ minted, released, unreleased, held }));
  }
}

function checkStory(world: SimulationWorld, story: Story): void {
  const { sessionId, state } = story;
  if (story.held.size > 1 && world.takesBack) {
    world.broken('one-credential', `${sessionId} holds those of attempts ${[...story.held].join(' and ')}`);
  }
  const elapsed = world.clock.awake() - story.enteredAwake;
  if (state === 'ending' && elapsed > END_LIMIT_MS) {
    world.broken('end-in-time', `${sessionId} has been ending for ${elapsed} ms`);
  }
  if ((state === 'starting' || state === 'renewing') && elapsed > PROGRESS_LIMIT_MS + story.askedToWaitMs) {
    world.broken('progress', `${sessionId} has been ${state} for ${elapsed} ms`);
  }
  if (!story.isServing) return;
  const config = world.manager.getSessionConfig(sessionId);
  if (config === undefined) return;
  const now = world.clock.outside.now();
  const idle = story.idleDue(config).latest;
  if (now > idle + TOLERANCE_MS) world.broken('deadlines', `${sessionId} has been idle for ${now - idle} ms too long`);
  const lifetime = story.lifetimeDue(config).latest;
  if (now > lifetime + TOLERANCE_MS) {
    world.broken('deadlines', `${sessionId} has lived for ${now - lifetime} ms too long`);
  }
  if (state === 'active' && world.plan.has.credentials && world.manager.credentialFor(sessionId) === undefined) {
    world.broken('valid-credential', `${sessionId} is active without one`);
  }
}

/** Holds what became of each session against what must have become of it. */
export function checkAtEnd(world: SimulationWorld): void {
  const { manager, clock } = world;
  for (const { what } of world.calls.values()) world.broken('answers', `${what} was never answered`);
  for (const story of world.stories.values()) checkEnded(world, story);
  const counts = manager.getCredentialCounts();
  if (counts.held !== 0 || counts.minted !== counts.released + counts.unreleased) {
    world.broken('balance', `at the end ${JSON.stringify(counts)}`);
  }
  if (clock.pendingInside > 0) world.broken('residue', `${clock.pendingInside} timers are left`);
  const left = manager.getAllSessions().length;
  if (left > 0) world.broken('residue', `${left} sessions are left`);
}

function checkEnded(world: SimulationWorld, story: Story): void {
  const { sessionId, dueAtEnding, endingAt = 0, endReason } = story;
  if (story.endedAt === undefined) {
    world.broken('one-end', `${sessionId} has no end; it is ${story.state}`);
    return;
  }
  if (story.held.size > 0 && world.takesBack) world.broken('one-credential', `${sessionId} still holds one at the end`);
  if (story.channels.size > 0) world.broken('channels', `${sessionId} left ${story.channels.size} open`);
  if (story.isSuspended) world.broken('hooks', `${sessionId} ended while it was suspended`);
  if (world.plan.has.privacy && story.purges !== 1) {
    world.broken('purge', `${sessionId} was purged ${story.purges} times`);
  }
  if (endReason === 'idle' || endReason === 'lifetime') {
    const early = (dueAtEnding?.[endReason] ?? 0) - endingAt;
    if (early > TOLERANCE_MS) world.broken('deadlines', `${sessionId} ended ${early} ms too early (${endReason})`);
  }
  checkExplained(world, story);
}

/** Stories of ended sessions are kept for a while; of a long one the beginning is left out. */
function checkExplained(world: SimulationWorld, { sessionId, transitions, endReason }: Story): void {
  const told = world.manager.explain(sessionId);
  if (told === undefined) return;
  const kept = transitions.slice(-told.transitions.length);
  const differs = (step: (typeof kept)[number], i: number): boolean => {
    const other = told.transitions[i];
    return other?.from !== step.from || other.to !== step.to || other.cause !== step.cause;
  };
  if (told.omitted + told.transitions.length !== transitions.length || kept.some(differs)) {
    world.broken(
      'explain',
      `${sessionId} is explained with ${told.transitions.length} transitions, ${transitions.length} were told`,
    );
  }
  if (told.reason !== endReason) world.broken('explain', `${sessionId}: ${told.reason} is not ${endReason}`);
}
