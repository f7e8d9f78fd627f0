import type { AnyMachineSnapshot, AnyStateMachine } from 'xstate';
import type { SessionConfig } from '../../src/machines/session-config.ts';
import type { SessionContext, SessionKind } from '../../src/machines/session-types.ts';
import { DEFAULT_SESSION_CONFIG } from '../../src/services/session-config.ts';
import { ChartLab, type Stimulus, type World } from './chart-lab.ts';

export const KINDS: Readonly<Record<string, SessionKind>> = {
  'a credential': { credential: true, channel: false, probe: false },
  'a channel': { credential: false, channel: true, probe: false },
  'a credential, a channel and a probe': { credential: true, channel: true, probe: true },
  'nothing from outside': { credential: false, channel: false, probe: false },
};

export const CONFIG: SessionConfig = { ...DEFAULT_SESSION_CONFIG, maxRetryAttempts: 2 };

const RETRYABLE = { code: 'NETWORK_ERROR', retryable: true };
const FATAL = { code: 'INVALID_CREDENTIALS', retryable: false };
/** Credentials live for six times the lead before their renewal. */
const lifeMs = ({ renewalMarginSeconds }: SessionConfig): number => 6_000 * renewalMarginSeconds;

const event = (type: string, more: object = {}): Stimulus => ({ kind: 'event', event: { type, ...more } });

/** Everything that can happen to a session at this moment. */
export function* sessionStimuli({ snapshot, now }: World): Generator<Stimulus> {
  const { attempt, config } = snapshot.context as SessionContext;
  yield { kind: 'timer' };
  yield { kind: 'wait', ms: 500 };
  yield { kind: 'wait', ms: 20_000 };
  yield { kind: 'wait', ms: 100_000 };
  const lease = { attempt, id: null, issuedAt: now, expiresAt: now + lifeMs(config) };
  yield { kind: 'answer', child: 'acquire', output: lease };
  yield { kind: 'answer', child: 'open', output: { capAt: null } };
  yield { kind: 'answer', child: 'open', output: { capAt: now + 1_000 } };
  yield { kind: 'answer', child: 'probe', output: undefined };
  for (const child of ['acquire', 'open', 'probe']) {
    yield { kind: 'refusal', child, error: RETRYABLE };
    yield { kind: 'refusal', child, error: FATAL };
  }
  for (const child of ['notify', 'release', 'purge']) {
    yield { kind: 'answer', child, output: [] };
    yield { kind: 'refusal', child, error: new Error('thrown') };
  }
  yield event('END', { reason: 'user' });
  yield event('PAUSE');
  yield event('RESUME');
  yield event('RENEW');
  yield event('REVIVE');
  yield event('REFUSED');
  yield event('ACTIVITY');
  yield event('TRANSPORT', { state: 'connected' });
  yield event('TRANSPORT', { state: 'connected', capAt: now + 2_000 });
  yield event('CONFIGURE', { config: { ...CONFIG, enableHeartbeat: false } });
}

/** The context of a session that was paused, for one that starts again after a crash. */
export function pausedContext(machine: AnyStateMachine): SessionContext {
  const lab = new ChartLab(machine, { sessionId: 's', kind: KINDS['a credential'], config: CONFIG, seed: 1 });
  let { world } = lab.begin();
  const lease = { attempt: 1, id: null, issuedAt: world.now, expiresAt: world.now + lifeMs(CONFIG) };
  for (const stimulus of [{ kind: 'answer', child: 'acquire', output: lease } as const, event('PAUSE')]) {
    world = lab.step(world, stimulus)?.world ?? world;
  }
  return world.snapshot.context as SessionContext;
}

/** The parts of a moment that decide what can happen next, coarsely: enough for every edge, and finitely many. */
export function sessionIdentity(snapshot: AnyMachineSnapshot, { now }: World): string {
  const context = snapshot.context as SessionContext;
  const { lease } = context;
  const isShort = context.config.inactivityTimeoutMinutes < 1;
  const age = now - context.startedAt;
  return JSON.stringify([
    snapshot.value,
    Object.keys(snapshot.children).sort(),
    lease === null ? 'none' : lease.expiresAt <= now ? 'expired' : lease.expiresAt - now <= 10_000 ? 'due' : 'fresh',
    Math.min(context.tries, 2),
    Math.min(context.refusals, 2),
    context.refused,
    context.lastActivityAt > context.startedAt,
    context.lastMintAt !== null && now - context.lastMintAt < 1_000,
    context.pausedAt === null,
    context.capAt === null ? 'open' : context.capAt <= now ? 'past' : 'ahead',
    context.usableAt === null,
    context.endRequested,
    context.warned,
    context.probing,
    context.config.enableHeartbeat,
    // Windows of seconds need a closer look at the time.
    isShort ? Math.min(8, Math.floor(age / 500)) : Math.min(3, Math.floor(age / 100_000)),
  ]);
}
