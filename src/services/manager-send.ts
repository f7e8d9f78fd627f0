import { SessionchartError } from '../actors/errors.ts';
import type { SessionHost } from '../actors/session-host.ts';
import { notAllowed, shownName } from './config-field.ts';
import type { TransportReport } from './session-api.ts';
import type { SessionConfigPatch } from './session-config.ts';
import type { SessionManager } from './session-manager.ts';
import { checkEndReason, type EndCallReason } from './session-manager-checks.ts';

/** The operations that stand behind the events. */
export type ManagerCalls = Pick<
  SessionManager,
  | 'isInitialized'
  | 'endSession'
  | 'pauseSession'
  | 'resumeSession'
  | 'renewSession'
  | 'resetInactivityTimer'
  | 'updateSessionConfig'
  | 'reportTransport'
>;

/** What may be said to a session from outside, each with the fields that it may carry. */
const FIELDS = {
  END: ['reason'],
  PAUSE: [],
  RESUME: [],
  RENEW: [],
  ACTIVITY: [],
  CONFIGURE: ['config'],
  TRANSPORT: ['state', 'expiresAt'],
  REFUSED: [],
} as const satisfies Record<string, readonly string[]>;

export type OutsideEvent = keyof typeof FIELDS;

export const OUTSIDE_EVENTS: readonly OutsideEvent[] = Object.keys(FIELDS) as OutsideEvent[];

interface SaidEvent {
  readonly type: string;
  readonly [field: string]: unknown;
}

/**
 * Turns an event into the operation of the manager that stands for it. What an end brings about is not waited for; the
 * result of a renewal is.
 *
 * @throws SessionchartError `INVALID_CONFIG` for an event or a field that is none, and for anything said to the
 * coordinator; else as the operation.
 */
export async function sendToSession(
  sessionId: string | undefined,
  event: SaidEvent,
  host: SessionHost,
  calls: ManagerCalls,
): Promise<void> {
  if (sessionId === undefined) throw coordinatorRefusal();
  const type = checkType(event.type);
  checkFields(type, event);
  if (!calls.isInitialized()) throw new SessionchartError('MANAGER_NOT_READY');
  if (host.view(sessionId) === undefined) throw new SessionchartError('SESSION_NOT_FOUND', { sessionId });
  switch (type) {
    case 'END': {
      const { reason = 'user' } = event;
      checkEndReason(reason as EndCallReason);
      void calls.endSession(sessionId, reason as EndCallReason);
      return;
    }
    case 'PAUSE':
      return calls.pauseSession(sessionId);
    case 'RESUME':
      return calls.resumeSession(sessionId);
    case 'RENEW': {
      const { error } = await calls.renewSession(sessionId);
      if (error === undefined) return;
      const { code, message, remediation, isRetryable } = error;
      throw new SessionchartError(code, { message, remediation, isRetryable, sessionId });
    }
    case 'ACTIVITY':
      return calls.resetInactivityTimer(sessionId);
    case 'CONFIGURE': {
      const { config } = event;
      if (config === undefined) throw notAllowed('config', config, 'an object with any of the session settings');
      return calls.updateSessionConfig(sessionId, config as SessionConfigPatch);
    }
    case 'TRANSPORT': {
      const { state, expiresAt } = event;
      const report = { state, ...(expiresAt === undefined ? {} : { expiresAt }) };
      calls.reportTransport(sessionId, report as unknown as TransportReport);
      return;
    }
    case 'REFUSED':
      // Not through reportTransport(): that would tell a state of the transport as well.
      host.send(sessionId, { type });
  }
}

function checkType(type: unknown): OutsideEvent {
  if (type === 'REVIVE') {
    const message = 'type is "REVIVE", which only the coordinator says, when there is a slot.';
    throw new SessionchartError('INVALID_CONFIG', { message, remediation: 'Send RENEW.', field: 'type' });
  }
  if (typeof type === 'string' && Object.hasOwn(FIELDS, type)) return type as OutsideEvent;
  throw notAllowed('type', type, OUTSIDE_EVENTS.join(', '));
}

function checkFields(type: OutsideEvent, event: SaidEvent): void {
  const known: readonly string[] = FIELDS[type];
  const stray = Object.keys(event).find(name => name !== 'type' && !known.includes(name));
  if (stray === undefined) return;
  const field = shownName(stray);
  const allowed = known.length === 0 ? 'no field' : known.join(', ');
  const message = `${field} is no field of ${type}; allowed: ${allowed}`;
  throw new SessionchartError('INVALID_CONFIG', { message, field, allowed });
}

function coordinatorRefusal(): SessionchartError {
  return new SessionchartError('INVALID_CONFIG', {
    message: 'Nothing may be sent to the coordinator: it counts what its manager does, and would count wrong.',
    remediation: 'Send to a session.',
    field: 'actor',
  });
}
