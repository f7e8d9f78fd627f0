import type { SessionConfig } from '../../../src/machines/session-config.ts';
import type { Stimulus } from '../chart-lab.ts';
import type { Member, MemberStep } from './member.ts';
import type { SessionModel } from './session-model.ts';
import { contextOf, runs } from './watch.ts';

/** Something that can happen to one session. */
export type Happening = (model: SessionModel, member: Member) => MemberStep | undefined;

const TRANSIENT = { code: 'NETWORK_ERROR', retryable: true };
const BUSY = { code: 'RATE_LIMITED', retryable: true, retryAfterMs: 3_000 };
const OVERLOADED = { code: 'SERVICE_UNAVAILABLE', retryable: true, retryAfterMs: 40_000 };
const FATAL = { code: 'INVALID_CREDENTIALS', retryable: false };

export interface HappeningOptions {
  /** How long a credential lives, ms. */
  readonly lifeMs: number;
  /** Times that may pass while nothing happens, ms. */
  readonly waitsMs: readonly number[];
  readonly crashes: number;
  /** What may happen beyond the usual. */
  readonly extras: readonly Extra[];
  /** The settings that `configure` changes to, and back from. */
  readonly otherConfig: SessionConfig;
}

/** Happenings that not every scene has. */
export const EXTRAS = [
  'activity',
  'configure',
  'refused',
  'connected',
  'capped',
  'open capped',
  'mint busy',
  'mint overloaded',
  'steps fail',
  'revive crossed',
  'cancel crossed',
  'renew said',
] as const;
export type Extra = (typeof EXTRAS)[number];

const says = (type: string, more: object = {}): Happening => {
  const stimulus: Stimulus = { kind: 'event', event: { type, ...more } };
  return (model, member) => model.stimulate(member, stimulus);
};

const refuses =
  (child: string, error: object): Happening =>
  (model, member) =>
    model.stimulate(member, { kind: 'refusal', child, error });

const answers =
  (child: string, output: unknown): Happening =>
  (model, member) =>
    model.stimulate(member, { kind: 'answer', child, output });

/** A credential that comes for the attempt that is under way, or for one that is over. */
const mints =
  (lifeMs: number): Happening =>
  (model, member) => {
    if (member.moment === undefined) return undefined;
    const { world } = member.moment;
    const { attempt } = contextOf(world);
    const output = { attempt, id: null, issuedAt: world.now, expiresAt: world.now + lifeMs };
    if (runs(world, 'acquire')) return model.stimulate(member, { kind: 'answer', child: 'acquire', output });
    if (attempt === 0) return undefined;
    const event = { type: 'xstate.done.actor.acquire', output, actorId: 'acquire' };
    return model.stimulate(member, { kind: 'event', event }, true);
  };

/** The other side says when it will close: soon, seen from now. */
const caps =
  (inMs: number): Happening =>
  (model, member) => {
    if (member.moment === undefined || contextOf(member.moment.world).capAt !== null) return undefined;
    const event = { type: 'TRANSPORT', state: 'connected', capAt: member.moment.world.now + inMs };
    return model.stimulate(member, { kind: 'event', event });
  };

/** Every happening of a scene, by the name that a trace gives it. */
export function happenings(options: HappeningOptions): ReadonlyMap<string, Happening> {
  const { lifeMs, waitsMs, crashes, extras, otherConfig } = options;
  const all = new Map<string, Happening>();
  all.set('start', (model, member) => (member.phase === 'absent' ? model.start(member) : undefined));
  all.set('timer', (model, member) => model.stimulate(member, { kind: 'timer' }));
  all.set('mint ok', mints(lifeMs));
  all.set('mint fails', refuses('acquire', TRANSIENT));
  all.set('mint refused', refuses('acquire', FATAL));
  all.set('open ok', answers('open', { capAt: null }));
  all.set('open fails', refuses('open', TRANSIENT));
  all.set('open refused', refuses('open', FATAL));
  all.set('probe ok', answers('probe', undefined));
  all.set('probe fails', refuses('probe', TRANSIENT));
  for (const step of ['notify', 'release', 'purge']) all.set(`${step} ok`, answers(step, []));
  all.set('end', (model, member) => (member.phase === 'absent' ? undefined : model.end(member, 'user')));
  all.set('renew', (model, member) => model.renew(member));
  all.set('pause', says('PAUSE'));
  all.set('resume', says('RESUME'));
  if (crashes > 0) {
    all.set('crash', (model, member) =>
      member.phase === 'running' && member.crashes < crashes ? model.crash(member) : undefined,
    );
  }
  for (const ms of waitsMs) all.set(`wait ${ms}`, (model, member) => model.stimulate(member, { kind: 'wait', ms }));
  const extra: Readonly<Record<Exclude<Extra, 'steps fail'>, Happening>> = {
    activity: says('ACTIVITY'),
    refused: says('REFUSED'),
    connected: says('TRANSPORT', { state: 'connected' }),
    capped: caps(20_000),
    'mint busy': refuses('acquire', BUSY),
    'mint overloaded': refuses('acquire', OVERLOADED),
    'open capped': (model, member) => {
      const capAt = (member.moment?.world.now ?? 0) + 20_000;
      return model.stimulate(member, { kind: 'answer', child: 'open', output: { capAt } });
    },
    // What one says may cross with what befalls the other.
    'renew said': says('RENEW'),
    'revive crossed': (model, member) => model.reviveCrossed(member),
    'cancel crossed': (model, member) => model.cancelCrossed(member),
    configure: (model, member) => {
      if (member.moment === undefined) return undefined;
      const { config } = contextOf(member.moment.world);
      const other = config === otherConfig ? model.options.config : otherConfig;
      return model.stimulate(member, {
        kind: 'event',
        event: { type: 'CONFIGURE', config: other } as { type: string },
      });
    },
  };
  for (const name of extras) {
    if (name !== 'steps fail') {
      all.set(name, extra[name]);
      continue;
    }
    for (const step of ['notify', 'release', 'purge']) {
      all.set(`${step} fails`, refuses(step, new Error('thrown')));
      all.set(`${step} in part`, answers(step, ['LEFT_UNDONE']));
    }
  }
  return all;
}
