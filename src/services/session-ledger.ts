import { sanitisedCause } from '../actors/classify-failure.ts';
import { type ErrorCode, SessionchartError } from '../actors/errors.ts';
import type { Clock, Logger } from '../actors/ports.ts';
import type { EndSteps } from '../actors/session-actors.ts';
import type { SessionView } from '../actors/session-entry.ts';
import type { HostListener, SessionHost } from '../actors/session-host.ts';
import type { SessionReport } from '../machines/session-report.ts';
import type { EndReason } from '../machines/session-types.ts';
import type { ConversationHooks } from './conversation-hooks.ts';
import type { PrivacyController } from './privacy.ts';
import { runRecoveryPlan } from './recovery-plan.ts';
import type { RecoveryPlan } from './recovery-types.ts';
import type { RenewalResult, SessionExplanation, SessionState, SuspendReason } from './session-api.ts';
import type { SessionConfigPatch } from './session-config.ts';
import { rejection, sessionError } from './session-errors.ts';
import { dateOf, sessionInfo } from './session-info.ts';
import { renewalResult, type SessionNotices } from './session-notices.ts';
import { purgeSession } from './session-purge.ts';
import { SessionRecord } from './session-record.ts';

/** Failed sessions kept for a look or a renewal; of more, the oldest are ended. */
export const KEPT_FAILED_SESSIONS = 20;

/** Stories of ended sessions kept for `explain()`. */
export const KEPT_EXPLANATIONS = 100;

/** What the ledger acts on. The collaborators may come late, so they are looked up at each use. */
export interface LedgerOutside {
  readonly host: SessionHost;
  readonly privacy: PrivacyController | undefined;
  readonly plan: RecoveryPlan | undefined;
}

/**
 * Keeps a record of each session and follows what the host reports: it answers who waits, calls hooks, tells listeners,
 * purges, starts recovery, and remembers how sessions ended.
 */
export class SessionLedger implements HostListener, EndSteps {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #hooks: ConversationHooks;
  readonly #notices: SessionNotices;
  readonly #outside: LedgerOutside;
  readonly #records = new Map<string, SessionRecord>();
  readonly #failed = new Set<string>();
  readonly #told = new Map<string, SessionExplanation>();

  constructor(clock: Clock, logger: Logger, hooks: ConversationHooks, notices: SessionNotices, outside: LedgerOutside) {
    this.#clock = clock;
    this.#logger = logger;
    this.#hooks = hooks;
    this.#notices = notices;
    this.#outside = outside;
  }

  open(sessionId: string, overrides: SessionConfigPatch): SessionRecord {
    const record = new SessionRecord(sessionId, overrides);
    this.#records.set(sessionId, record);
    return record;
  }

  recordOf(sessionId: string): SessionRecord | undefined {
    return this.#records.get(sessionId);
  }

  explain(sessionId: string): SessionExplanation | undefined {
    return this.#records.get(sessionId)?.explain() ?? this.#told.get(sessionId);
  }

  /** The sessions that ended and of which something is known, the latest last. */
  ended(): Iterable<string> {
    return this.#told.keys();
  }

  onCrashed(sessionId: string): void {
    this.#notices.crashed(sessionId);
  }

  notRenewed(sessionId: string, code: ErrorCode): RenewalResult {
    const error = sessionError(code, dateOf(this.#clock, this.#clock.now()));
    return Object.freeze({ success: false, sessionId, latencyMs: 0, error });
  }

  onRefused(sessionId: string, code: ErrorCode): void {
    const record = this.#records.get(sessionId);
    if (record === undefined) return;
    if (this.#outside.host.view(sessionId) !== undefined) {
      this.#answerRenewal(record, this.notRenewed(sessionId, code));
      return;
    }
    this.#records.delete(sessionId);
    record.started.reject(new SessionchartError(code, { sessionId }));
    this.#answerRenewal(record, this.notRenewed(sessionId, code));
    record.ended.resolve();
  }

  onReport(sessionId: string, report: SessionReport, view: SessionView): void {
    const record = this.#records.get(sessionId);
    if (record === undefined) return;
    switch (report.type) {
      case 'state':
        this.#noteState(record, report, view);
        break;
      case 'renewal-completed':
        this.#answerRenewal(record, renewalResult(this.#clock, view, report));
        break;
      case 'renewal-failed':
        this.#answerRenewal(record, renewalResult(this.#clock, view, report));
        this.#recover(sessionId);
        break;
      case 'started':
        record.started.resolve(sessionInfo(this.#clock, view));
        break;
      case 'start-failed':
        record.started.reject(rejection('SESSION_START_FAILED', sessionId, report.failure));
        this.#answerRenewal(
          record,
          renewalResult(this.#clock, view, { ...report, type: 'renewal-failed', latencyMs: 0 }),
        );
        this.#recover(sessionId);
        break;
      case 'retained':
        // Asked for while it still gave back what it held.
        if (record.renewal !== undefined) this.#outside.host.revive(sessionId);
        break;
      case 'ended':
        this.#forget(record, report, view);
        break;
    }
    this.#notices.tell(report, view);
    if (report.type === 'started') record.ready = this.#ready(view);
    if (report.type !== 'ended') return;
    this.#makeUpForEnd(record, report.reason, view);
    record.ended.resolve();
  }

  #noteState(record: SessionRecord, report: Extract<SessionReport, { type: 'state' }>, view: SessionView): void {
    const { from, to, cause, wasUsable } = report;
    const { sessionId } = record;
    const error = view.context.lastError?.failure.code;
    const at = dateOf(this.#clock, this.#clock.now());
    record.note({ at, from, to, cause, ...(error === undefined ? {} : { error }) });
    this.#logger.debug('session state', { sessionId, from, to, cause });
    if (to === 'failed') this.#retain(sessionId);
    else if (from === 'failed') this.#failed.delete(sessionId);
    if (record.renewal !== undefined && to !== 'renewing' && to !== 'starting') {
      this.#answerRenewal(
        record,
        to === 'active'
          ? renewalResult(this.#clock, view, { type: 'renewal-completed', latencyMs: 0 })
          : this.notRenewed(sessionId, 'OPERATION_ABORTED'),
      );
    }
    if (!wasUsable) return;
    if (from === 'active' && to !== 'ending' && to !== 'ended') this.#suspend(view, suspendReason(to, view));
    else if (to === 'active') this.#resume(view);
  }

  /** Runs the recovery plan for the session that failed, once, in the background. */
  #recover(sessionId: string): void {
    const plan = this.#outside.plan;
    if (plan === undefined) return;
    runRecoveryPlan(plan, { sessionId }, { clock: this.#clock, logger: this.#logger }).catch((error: unknown) =>
      this.#logger.error('the recovery plan failed', { sessionId, cause: sanitisedCause(error) }),
    );
  }

  #ready(view: SessionView): Promise<unknown> | undefined {
    if (!this.#hooks.has('onSessionReady')) return undefined;
    const info = sessionInfo(this.#clock, view);
    return this.#hooks.call('onSessionReady', view.sessionId, hooks => hooks.onSessionReady?.(info));
  }

  #suspend(view: SessionView, reason: SuspendReason): void {
    if (!this.#hooks.has('onSessionSuspending')) return;
    const info = sessionInfo(this.#clock, view);
    void this.#hooks.call('onSessionSuspending', view.sessionId, hooks => hooks.onSessionSuspending?.(info, reason));
  }

  #resume(view: SessionView): void {
    if (!this.#hooks.has('onSessionResumed')) return;
    const info = sessionInfo(this.#clock, view);
    void this.#hooks.call('onSessionResumed', view.sessionId, hooks => hooks.onSessionResumed?.(info));
  }

  #answerRenewal(record: SessionRecord, result: RenewalResult): void {
    record.renewal?.resolve(result);
    record.renewal = undefined;
  }

  #retain(sessionId: string): void {
    this.#failed.add(sessionId);
    if (this.#failed.size <= KEPT_FAILED_SESSIONS) return;
    const [oldest] = this.#failed;
    if (oldest === undefined) return;
    this.#failed.delete(oldest);
    this.#outside.host.send(oldest, { type: 'END', reason: 'disposed' });
  }

  #forget(record: SessionRecord, report: Extract<SessionReport, { type: 'ended' }>, view: SessionView): void {
    const { sessionId } = record;
    const { reason, unfinished } = report;
    record.end(reason, unfinished);
    this.#failed.delete(sessionId);
    this.#hooks.giveUp(sessionId);
    this.#records.delete(sessionId);
    this.#told.set(sessionId, record.explain());
    if (this.#told.size > KEPT_EXPLANATIONS) {
      const [oldest] = this.#told.keys();
      if (oldest !== undefined) this.#told.delete(oldest);
    }
    if (unfinished.length > 0) this.#logger.warn('session ended with loose ends', { sessionId, reason, unfinished });
    this.#answerRenewal(record, this.notRenewed(sessionId, 'OPERATION_ABORTED'));
    if (view.context.usableAt === null) record.started.reject(new SessionchartError('SESSION_ENDED', { sessionId }));
  }

  async notify(sessionId: string): Promise<readonly string[]> {
    this.#records.get(sessionId)?.endSteps.add('notify');
    const view = this.#outside.host.view(sessionId);
    return view === undefined ? [] : this.#tellEnding(view);
  }

  async #tellEnding(view: SessionView): Promise<readonly string[]> {
    if (view.context.usableAt === null || !this.#hooks.has('onSessionEnding')) return [];
    const info = sessionInfo(this.#clock, view);
    const code = await this.#hooks.call('onSessionEnding', view.sessionId, hooks => hooks.onSessionEnding?.(info));
    return code === undefined ? [] : [code];
  }

  async purge(sessionId: string): Promise<readonly string[]> {
    return this.#purge(sessionId, this.#outside.host.view(sessionId)?.context.endReason ?? 'user');
  }

  async #purge(sessionId: string, reason: EndReason): Promise<readonly string[]> {
    this.#records.get(sessionId)?.endSteps.add('purge');
    const done = await purgeSession(this.#outside.privacy, this.#clock, sessionId, reason).catch((error: unknown) => {
      this.#logger.warn('a purge failed', { sessionId, code: 'PURGE_FAILED', cause: sanitisedCause(error) });
      return false;
    });
    return done ? [] : ['PURGE_FAILED'];
  }

  /** Whether the end of a session has purged what it left behind. */
  isPurged(sessionId: string): boolean {
    return this.#told.get(sessionId)?.unfinished.every(code => !code.startsWith('PURGE_')) ?? false;
  }

  /** A session that was lost did not take the steps of an end: they are taken now, in the background. */
  #makeUpForEnd({ sessionId, endSteps }: SessionRecord, reason: EndReason, view: SessionView): void {
    if (!endSteps.has('notify')) void this.#tellEnding(view);
    if (!endSteps.has('purge')) void this.#purge(sessionId, reason);
  }
}

function suspendReason(to: SessionState, view: SessionView): SuspendReason {
  if (to === 'paused') return 'paused';
  return to === 'renewing' ? (view.context.renewalCause ?? 'auto-renewal') : 'recovery';
}
