import type { AnyMachineSnapshot } from 'xstate';
import { type PublicState, publicStateOf } from '../../../src/machines/public-state.ts';
import type { EndReason, SessionContext } from '../../../src/machines/session-types.ts';
import type { Stamped, World } from '../chart-lab.ts';

/**
 * What an observer remembers of a session who knows the rules but not the chart. It is kept beside the context, from
 * events and states alone, so that a chart that loses count of something is found out.
 */
export interface Watch {
  /** It has served. */
  readonly usable: boolean;
  /** Where the idle window, the heartbeat interval and the lifetime are counted from. */
  readonly idleFrom: number;
  readonly beatFrom: number;
  readonly livesFrom: number;
  readonly pausedAt: number | null;
  /** When a credential was asked for last. */
  readonly mintedAt: number | null;
  /** When the start or the renewal began that is under way. */
  readonly operationSince: number;
  /** When the server will end the session. */
  readonly capAt: number | null;
  /** Number of the latest attempt. */
  readonly attempt: number;
  /** Attempts that were made in it. */
  readonly tries: number;
  /** Credentials in a row that were refused, with no connection in between. */
  readonly refusals: number;
  /** Attempts whose credential has not been given back. */
  readonly held: readonly number[];
  /** The channel is open. */
  readonly connected: boolean;
  readonly warned: boolean;
  /** Why it stopped serving: the first reason there was. */
  readonly reason: EndReason | null;
  /** The steps of the end that were taken: n(otify), r(elease), p(urge). */
  readonly steps: string;
}

export const freshWatch = (at: number): Watch => ({
  usable: false,
  idleFrom: at,
  beatFrom: at,
  livesFrom: at,
  pausedAt: null,
  mintedAt: null,
  operationSince: at,
  capAt: null,
  attempt: 0,
  tries: 0,
  refusals: 0,
  held: [],
  connected: false,
  warned: false,
  reason: null,
  steps: '',
});

/** One that starts again after a crash: what it had come to stays, what was under way is lost. */
export function restartedWatch(watch: Watch, at: number, hasChannel: boolean): Watch {
  const away = watch.pausedAt === null ? 0 : at - watch.pausedAt;
  return {
    ...watch,
    idleFrom: at,
    beatFrom: at,
    livesFrom: watch.livesFrom + away,
    pausedAt: null,
    operationSince: at,
    capAt: hasChannel ? null : watch.capAt,
    tries: 0,
    refusals: 0,
    held: [],
    connected: false,
    reason: null,
    steps: '',
  };
}

export const contextOf = ({ snapshot }: World): SessionContext => snapshot.context as SessionContext;
export const stateOf = ({ snapshot }: World): PublicState => publicStateOf(snapshot.value as never);
export const runs = ({ snapshot }: World, child: string): boolean => snapshot.children[child] !== undefined;

/** Whether an actor was started in this step: it was not there, or was started anew for another attempt. */
export function began(child: string, before: World | undefined, after: World): boolean {
  if (!runs(after, child)) return false;
  return before === undefined || before.snapshot.children[child] !== after.snapshot.children[child];
}

/** The delay whose time has come. */
export const timerIn = (event: Stamped): string | undefined => /^xstate\.after\.([^.]+)\./.exec(event.type)?.[1];

/** An attempt failed: it was refused, or its deadline passed. */
export const isFailure = (event: Stamped): boolean =>
  /^xstate\.error\.actor\.(acquire|open)$/.test(event.type) ||
  timerIn(event) === 'mintDeadline' ||
  timerIn(event) === 'openDeadline';

/** The service refuses the credential that is in use, or that would be after the pause. What is gone cannot be refused. */
export function isRefusal(before: World | undefined, event: Stamped): boolean {
  if (event.type !== 'REFUSED' || before === undefined || !contextOf(before).kind.credential) return false;
  const state = stateOf(before);
  return state === 'active' || ((state === 'paused' || state === 'renewing') && !contextOf(before).refused);
}

const STEPS = { notify: 'n', release: 'r', purge: 'p' } as const;

/** The latest instant at which a session may still serve, whatever is done for it. */
export function livesUntil(watch: Watch, context: SessionContext): number {
  return Math.min(
    watch.livesFrom + context.config.maxDurationMinutes * 60_000,
    watch.capAt ?? Number.POSITIVE_INFINITY,
  );
}

/** What the observer remembers after a step. */
export function watched(watch: Watch, before: World | undefined, event: Stamped, after: World): Watch {
  const { at } = event;
  const was = before === undefined ? 'idle' : stateOf(before);
  const is = stateOf(after);
  const context = contextOf(after);
  let next: Watch = watch;
  const set = (part: Partial<Watch>): void => {
    next = { ...next, ...part };
  };

  if (event.type === 'ACTIVITY' && before !== undefined && before.snapshot.hasTag('live') && was !== 'ending') {
    set({ idleFrom: watch.pausedAt ?? at });
  }
  if (event.type === 'REVIVE' && was === 'failed' && is !== 'failed') {
    set({ idleFrom: at, beatFrom: at, operationSince: at, tries: 0, steps: '', reason: null, warned: false });
    set({ refusals: 0, capAt: null });
    if (!watch.usable) set({ livesFrom: at });
  }
  if (timerIn(event) === 'heartbeat') set({ beatFrom: at });
  if (timerIn(event) === 'warning') set({ warned: true });
  if (was !== 'paused' && is === 'paused') set({ pausedAt: at });
  if (was === 'paused' && is !== 'paused' && watch.pausedAt !== null) {
    const away = at - watch.pausedAt;
    set({
      pausedAt: null,
      idleFrom: next.idleFrom + away,
      beatFrom: next.beatFrom + away,
      livesFrom: next.livesFrom + away,
    });
  }
  if ((was === 'starting' || was === 'idle') && (is === 'active' || is === 'renewing') && !next.usable) {
    set({ usable: true, idleFrom: at, beatFrom: at, livesFrom: at });
  }
  if (is === 'active') set({ usable: true });
  const isHeard = was !== 'ending' && (event.type === 'CONFIGURE' || (event.type === 'TRANSPORT' && was !== 'failed'));
  const told = capTold(before, event, isHeard);
  if (told !== null) set({ capAt: told });
  if (isHeard) set({ warned: stillWarned(next, context, at) });

  if (isRefusal(before, event)) set({ refusals: next.refusals + 1 });
  if (isHeard && event.type === 'TRANSPORT' && (event as { state?: string }).state === 'connected')
    set({ refusals: 0 });
  const renewed = was === 'renewing' && is === 'active' && before !== undefined;
  if (renewed && contextOf(before).renewalCause !== 'credential-refused') set({ refusals: 0 });

  if (is === 'renewing' && was !== 'renewing') set({ operationSince: at, tries: 0 });
  if (event.type === 'xstate.done.actor.acquire' && before !== undefined && runs(before, 'acquire')) {
    const { output } = event as unknown as { output: { attempt: number } };
    set({ held: [...next.held, output.attempt], tries: 0 });
  }
  if (event.type === 'xstate.done.actor.open' && before !== undefined && runs(before, 'open')) {
    set({ connected: true, tries: 0 });
  }
  if (began('acquire', before, after)) set({ mintedAt: at, tries: next.tries + 1, attempt: context.attempt });
  if (began('open', before, after)) set({ tries: next.tries + 1, attempt: context.attempt });

  for (const [child, letter] of Object.entries(STEPS)) {
    if (began(child, before, after)) set({ steps: next.steps + letter });
  }
  // The release closes the channel and gives back all; the rest is given back when the transition is committed.
  if (began('release', before, after)) set({ held: [], connected: false });
  else set({ held: next.held.filter(attempt => isNamed(after.snapshot, attempt)) });

  if (is === 'failed' && was !== 'failed') set({ reason: next.usable ? 'credential-fatal' : 'start-failed' });
  if (is === 'ending' && was !== 'ending') set({ reason: reasonFor(event) });
  return next;
}

/** When the server will end the session, as far as this event tells. */
function capTold(before: World | undefined, event: Stamped, isHeard: boolean): number | null {
  const { capAt, output } = event as { capAt?: number; output?: { capAt: number | null } };
  if (event.type === 'TRANSPORT') return isHeard ? (capAt ?? null) : null;
  const opened = event.type === 'xstate.done.actor.open' && before !== undefined && runs(before, 'open');
  return opened ? (output?.capAt ?? null) : null;
}

function isNamed(snapshot: AnyMachineSnapshot, attempt: number): boolean {
  const context = snapshot.context as SessionContext;
  return context.lease?.attempt === attempt || (snapshot.children.acquire !== undefined && context.attempt === attempt);
}

/** The reason that an event gives for the end that it begins. */
function reasonFor(event: Stamped): EndReason {
  if (event.type === 'END') return (event as unknown as { reason: EndReason }).reason;
  return timerIn(event) === 'inactivity' ? 'idle' : 'lifetime';
}

/** A warning that was given holds as long as it would be given now. A pause counts for nothing. */
function stillWarned(watch: Watch, context: SessionContext, at: number): boolean {
  const away = watch.pausedAt === null ? 0 : at - watch.pausedAt;
  const lifetime = livesUntil({ ...watch, livesFrom: watch.livesFrom + away }, context);
  const margin = context.config.durationWarningSeconds * 1_000;
  return watch.warned && margin > 0 && at >= lifetime - margin;
}
