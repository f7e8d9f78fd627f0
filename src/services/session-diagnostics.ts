import { type ErrorCode, knownCode } from '../actors/errors.ts';
import type { Clock } from '../actors/ports.ts';
import type { SessionView } from '../actors/session-entry.ts';
import type { Failure } from '../machines/failure.ts';
import { deadlinesOf } from '../machines/session-deadlines.ts';
import { resumed } from '../machines/session-setup.ts';
import { deepFreeze } from './deep-freeze.ts';
import type {
  HealthCheck,
  SessionDiagnostics,
  SessionError,
  SessionHealthResult,
  SessionTimerStatus,
  TimerEventInfo,
  TimerEventStatus,
} from './session-api.ts';
import { sessionError } from './session-errors.ts';
import { dateOf } from './session-info.ts';

/** The timers of a session. While it is paused they stand still, with what was left; in other states there are none. */
export function timerStatus(clock: Clock, { sessionId, state, context }: SessionView): SessionTimerStatus {
  if (state !== 'active' && state !== 'renewing' && state !== 'paused') return { sessionId };
  const running = state !== 'paused';
  const now = clock.now();
  // What a pause stopped is told as if it were over now. The cap of the server does not pause and is told as it is.
  const deadlines = deadlinesOf(resumed(context, now));
  const status = (at: number): TimerEventStatus | undefined =>
    Number.isFinite(at)
      ? { isActive: running, scheduledAt: dateOf(clock, at), timeRemainingMs: Math.max(0, at - now) }
      : undefined;
  const renewal = state === 'renewing' ? undefined : status(deadlines.renewal + (now - (context.pausedAt ?? now)));
  const timeout = status(deadlines.inactivity);
  const heartbeat = status(deadlines.heartbeat);
  const warning = status(deadlines.warning);
  const lifetime = status(deadlines.lifetime);
  return {
    sessionId,
    ...(renewal === undefined ? {} : { renewalTimer: renewal }),
    ...(timeout === undefined ? {} : { timeoutTimer: timeout }),
    ...(heartbeat === undefined
      ? {}
      : {
          heartbeatTimer: {
            ...heartbeat,
            intervalMs: context.config.heartbeatIntervalSeconds * 1_000,
            nextExecutionAt: heartbeat.scheduledAt,
            ...(context.lastBeatAt === null ? {} : { lastExecutedAt: dateOf(clock, context.lastBeatAt) }),
          },
        }),
    ...(warning === undefined ? {} : { warningTimer: warning }),
    ...(lifetime === undefined ? {} : { lifetimeTimer: lifetime }),
  };
}

const TIMER_TYPES = {
  renewalTimer: 'renewal',
  timeoutTimer: 'timeout',
  heartbeatTimer: 'heartbeat',
  warningTimer: 'warning',
  lifetimeTimer: 'lifetime',
} as const;

function nextScheduledEvent(status: SessionTimerStatus): TimerEventInfo | undefined {
  let soonest: TimerEventInfo | undefined;
  for (const key of Object.keys(TIMER_TYPES) as (keyof typeof TIMER_TYPES)[]) {
    const timer = status[key];
    if (!timer?.isActive || (soonest !== undefined && soonest.timeRemainingMs <= timer.timeRemainingMs)) continue;
    const { scheduledAt, timeRemainingMs } = timer;
    soonest = { type: TIMER_TYPES[key], sessionId: status.sessionId, scheduledAt, timeRemainingMs };
  }
  return soonest;
}

function credentialStatus(clock: Clock, { context }: SessionView): SessionDiagnostics['credentialStatus'] {
  if (!context.kind.credential) return 'valid';
  if (context.refused) return 'invalid';
  if (context.lease === null) return 'missing';
  return context.lease.expiresAt <= clock.now() ? 'expired' : 'valid';
}

/** Computed from what holds now: after the next success it is healthy again. */
function connectionStatus({ state, context }: SessionView): SessionDiagnostics['connectionStatus'] {
  if (context.transport.state === 'failed' || state === 'failed') return 'failed';
  if (context.transport.state === 'connecting' || context.probe === 'failing') return 'degraded';
  return state === 'renewing' && context.lastError !== null ? 'degraded' : 'healthy';
}

/** The latest error of a session that no success has followed. */
export function lastErrorOf(clock: Clock, { state, context }: SessionView): SessionError | undefined {
  if (context.lastError === null) return undefined;
  const { failure, at } = context.lastError;
  return sessionError(
    state === 'failed' ? failedCode(context, failure) : knownCode(failure.code),
    dateOf(clock, at),
    failure,
  );
}

/** The code that tells why a session is in `failed`. */
export function failedCode(context: SessionView['context'], failure: Failure): ErrorCode {
  if (context.usableAt === null) return 'SESSION_START_FAILED';
  return failure.code === 'KEY_EXPIRED' ? 'KEY_EXPIRED' : 'RENEWAL_FAILED';
}

export function sessionDiagnostics(clock: Clock, view: SessionView): SessionDiagnostics {
  const status = timerStatus(clock, view);
  const lastError = lastErrorOf(clock, view);
  const next = nextScheduledEvent(status);
  return deepFreeze({
    sessionId: view.sessionId,
    state: view.state,
    timerStatus: status,
    credentialStatus: credentialStatus(clock, view),
    connectionStatus: connectionStatus(view),
    ...(lastError === undefined ? {} : { lastError }),
    uptime: clock.now() - view.context.startedAt,
    ...(next === undefined ? {} : { nextScheduledEvent: next }),
  });
}

/** The checks of a session. They look at what is known and ask nobody. */
export function sessionHealth(clock: Clock, view: SessionView): SessionHealthResult {
  const startedAt = clock.now();
  const { state, context } = view;
  const recommendations: string[] = [];
  const check = (
    name: HealthCheck['name'],
    status: HealthCheck['status'],
    message: string,
    recommendation: string,
  ): HealthCheck => {
    if (status !== 'pass') recommendations.push(recommendation);
    return { name, status, message };
  };
  const credential = credentialStatus(clock, view);
  const deadlines = deadlinesOf(resumed(context, startedAt));
  const renewable = !context.kind.credential || state === 'renewing' || Number.isFinite(deadlines.renewal);
  const running = state === 'active' || state === 'renewing';
  const toEnd = deadlines.lifetime - clock.now();
  const aged = toEnd <= context.config.durationWarningSeconds * 1_000;
  const checks = [
    check(
      'credential-validity',
      credential === 'valid' ? 'pass' : 'fail',
      `The credential is ${credential}.`,
      'Renew the session by hand: renewSession().',
    ),
    check(
      'timer-health',
      running && renewable ? 'pass' : 'warn',
      running ? 'The timers of the session run.' : `No timer runs while the session is ${state}.`,
      state === 'paused' ? 'Resume the session: resumeSession().' : 'Start the session again.',
    ),
    check(
      'session-age',
      aged ? 'warn' : 'pass',
      `The lifetime ends in ${Math.max(0, Math.round(toEnd / 1_000))} s.`,
      'Start a fresh session before this one reaches its lifetime.',
    ),
    ...(context.kind.probe
      ? [
          check(
            'heartbeat',
            context.probe === 'failing' ? 'fail' : 'pass',
            context.probe === 'failing' ? 'The last heartbeat was not answered.' : 'Heartbeats are answered.',
            'Check the connection, or end the session and start a new one.',
          ),
        ]
      : []),
  ];
  return deepFreeze({
    isHealthy: checks.every(({ status }) => status !== 'fail'),
    checks,
    latencyMs: clock.now() - startedAt,
    recommendations,
  });
}
