import type { Clock, Logger } from '../actors/ports.ts';
import type { SessionView } from '../actors/session-entry.ts';
import type { Failure } from '../machines/failure.ts';
import { deadlinesOf } from '../machines/session-deadlines.ts';
import type { SessionReport } from '../machines/session-report.ts';
import { deepFreeze } from './deep-freeze.ts';
import { EventHub } from './event-hub.ts';
import type {
  RenewalResult,
  SessionErrorEvent,
  SessionEvent,
  SessionRenewalEvent,
  SessionStateEvent,
  SessionWarningEvent,
} from './session-api.ts';
import { failedCode, sessionDiagnostics } from './session-diagnostics.ts';
import { sessionError } from './session-errors.ts';
import { dateOf, sessionInfo } from './session-info.ts';

const KEY_EXPIRED: Failure = { code: 'KEY_EXPIRED', retryable: true };

/** Turns what the charts report into the events that users subscribe to. */
export class SessionNotices {
  readonly #clock: Clock;
  readonly hub: EventHub;
  readonly started;
  readonly ended;
  readonly renewed;
  readonly errors;
  readonly states;
  readonly warnings;

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock;
    this.hub = new EventHub(logger);
    this.started = this.hub.channel<SessionEvent>('session-started');
    this.ended = this.hub.channel<SessionEvent>('session-ended');
    this.renewed = this.hub.channel<SessionRenewalEvent>('session-renewed');
    this.errors = this.hub.channel<SessionErrorEvent>('session-error');
    this.states = this.hub.channel<SessionStateEvent>('session-state-changed');
    this.warnings = this.hub.channel<SessionWarningEvent>('session-warning');
  }

  /** Emits what `report` calls for. */
  tell(report: SessionReport, view: SessionView): void {
    const clock = this.#clock;
    const { sessionId, context } = view;
    const timestamp = dateOf(clock, clock.now());
    switch (report.type) {
      case 'state':
        this.states.emit(() =>
          deepFreeze({
            type: 'state-changed',
            sessionId,
            timestamp,
            previousState: report.from,
            newState: report.to,
            reason: report.cause,
            diagnostics: sessionDiagnostics(clock, view),
          }),
        );
        break;
      case 'started':
        this.started.emit(() =>
          deepFreeze({ type: 'started', sessionId, timestamp, sessionInfo: sessionInfo(clock, view) }),
        );
        break;
      case 'ended':
        this.ended.emit(() =>
          deepFreeze({
            type: 'ended',
            sessionId,
            timestamp,
            sessionInfo: sessionInfo(clock, view),
            reason: report.reason,
            unfinished: report.unfinished,
          }),
        );
        break;
      case 'start-failed':
        this.#error('authentication-error', 'SESSION_START_FAILED', view, report.failure);
        break;
      case 'renewal-started':
        this.#renewal('renewal-started', view, {});
        break;
      case 'renewal-completed':
        this.#renewal('renewal-completed', view, { result: renewalResult(clock, view, report) });
        break;
      case 'renewal-failed': {
        const result = renewalResult(clock, view, report);
        this.#renewal('renewal-failed', view, {
          result,
          ...(result.error === undefined ? {} : { error: result.error }),
        });
        this.#error('renewal-error', 'RENEWAL_FAILED', view, report.failure);
        break;
      }
      case 'expired':
        this.#error('authentication-error', 'KEY_EXPIRED', view, KEY_EXPIRED);
        break;
      case 'refused':
        this.#error('authentication-error', 'AUTH_ERROR', view);
        break;
      case 'idle':
        this.#error('timeout-error', 'INACTIVITY_TIMEOUT', view);
        break;
      case 'transport':
        if (report.to === 'failed' || (report.to === 'disconnected' && report.from === 'connected')) {
          this.#error('connection-error', 'CONNECTION_LOST', view);
        }
        break;
      case 'lifetime-warning':
        this.warnings.emit(() =>
          deepFreeze({
            type: 'lifetime-warning',
            sessionId,
            timestamp,
            endsAt: dateOf(clock, deadlinesOf(context).lifetime),
          }),
        );
        break;
      case 'retrying':
      case 'retained':
      case 'renewal-cancelled':
      case 'heartbeat':
        break;
    }
  }

  /** The actor of the session threw. */
  crashed(sessionId: string): void {
    const timestamp = dateOf(this.#clock, this.#clock.now());
    this.errors.emit(() =>
      deepFreeze({ type: 'connection-error', sessionId, timestamp, error: sessionError('SESSION_CRASHED', timestamp) }),
    );
  }

  #renewal(
    type: SessionRenewalEvent['type'],
    view: SessionView,
    more: Pick<SessionRenewalEvent, 'result' | 'error'>,
  ): void {
    const { sessionId } = view;
    const timestamp = dateOf(this.#clock, this.#clock.now());
    this.renewed.emit(() =>
      deepFreeze({ type, sessionId, timestamp, ...more, diagnostics: sessionDiagnostics(this.#clock, view) }),
    );
  }

  #error(
    type: SessionErrorEvent['type'],
    code: Parameters<typeof sessionError>[0],
    { sessionId, context }: SessionView,
    failure?: Failure,
  ): void {
    const timestamp = dateOf(this.#clock, this.#clock.now());
    this.errors.emit(() =>
      deepFreeze({
        type,
        sessionId,
        timestamp,
        error: sessionError(code, timestamp, failure),
        ...(context.tries > 0 ? { retryAttempt: context.tries } : {}),
      }),
    );
  }
}

/** The result of the renewal that `report` closes. */
export function renewalResult(
  clock: Clock,
  { sessionId, context }: SessionView,
  report: Extract<SessionReport, { type: 'renewal-completed' | 'renewal-failed' }>,
): RenewalResult {
  const { latencyMs } = report;
  if (report.type === 'renewal-failed') {
    const error = sessionError(failedCode(context, report.failure), dateOf(clock, clock.now()), report.failure);
    return deepFreeze({ success: false, sessionId, latencyMs, error });
  }
  const expiresAt = context.lease?.expiresAt;
  return deepFreeze({
    success: true,
    sessionId,
    latencyMs,
    ...(expiresAt === undefined ? {} : { newExpiresAt: dateOf(clock, expiresAt) }),
  });
}
