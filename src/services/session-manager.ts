import { randomUUID } from 'node:crypto';
import { SessionchartError } from '../actors/errors.ts';
import type { VaultCounts } from '../actors/lease-vault.ts';
import type { Clock, CredentialProvider, Logger, MintRequest, SessionDriver } from '../actors/ports.ts';
import type { Secret } from '../actors/secret.ts';
import type { SessionView } from '../actors/session-entry.ts';
import { SessionHost } from '../actors/session-host.ts';
import { DRAIN_DEADLINE_MS } from '../machines/coordinator.ts';
import type { SessionConfig } from '../machines/session-config.ts';
import { PURGE_DEADLINE_MS } from '../machines/session-deadlines.ts';
import { statesTaking } from '../machines/session-face.ts';
import type { EndReason, SessionEvent } from '../machines/session-types.ts';
import type { ConfigurationChange } from './configuration-service.ts';
import { ConversationHooks } from './conversation-hooks.ts';
import { guardedLogger, silentLogger } from './logger.ts';
import { ManagerInspection } from './manager-inspection.ts';
import type { PrivacyController } from './privacy.ts';
import type { RecoveryExecutor, RecoveryPlan, RecoveryRegistrar } from './recovery-types.ts';
import type {
  ConversationLifecycleHooks,
  Disposable,
  RenewalResult,
  SessionDiagnostics,
  SessionErrorHandler,
  SessionEventHandler,
  SessionExplanation,
  SessionHealthResult,
  SessionInfo,
  SessionRenewalHandler,
  SessionStateHandler,
  SessionWarningHandler,
  TransportReport,
} from './session-api.ts';
import {
  copyOfPatch,
  DEFAULT_SESSION_CONFIG,
  resolveSessionConfig,
  type SessionConfigPatch,
} from './session-config.ts';
import { sessionDiagnostics, sessionHealth } from './session-diagnostics.ts';
import { sessionDriver } from './session-driver.ts';
import { sessionInfo } from './session-info.ts';
import { type LedgerOutside, SessionLedger } from './session-ledger.ts';
import {
  checkEndReason,
  checkManagerOptions,
  checkSessionId,
  checkTransport,
  type EndCallReason,
} from './session-manager-checks.ts';
import { MANAGER_DEFAULTS, type SessionManagerOptions } from './session-manager-options.ts';
import { SessionNotices } from './session-notices.ts';
import { purgeAfterAll, purgeSession } from './session-purge.ts';
import { deferred } from './session-record.ts';
import { registerSessionRecovery, runMint } from './session-recovery.ts';
import { systemClock } from './system-clock.ts';

/**
 * Starts, renews, pauses, watches and ends sessions. Made by {@link createSessionManager}.
 *
 * Before `initialize()` and after `dispose()` every operation rejects with `MANAGER_NOT_READY` (`renewSession`
 * resolves with it), and queries give empty answers.
 */
export class SessionManager {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #options: SessionManagerOptions;
  readonly #host: SessionHost;
  readonly #driver: SessionDriver;
  readonly #notices: SessionNotices;
  readonly #hooks: ConversationHooks;
  readonly #ledger: SessionLedger;
  #defaults: SessionConfig;
  #limit: number;
  #phase: 'new' | 'ready' | 'disposed' = 'new';
  #disposal: Promise<void> | undefined;
  #settings: Disposable | undefined;
  #privacy: PrivacyController | undefined;
  #recovery: { readonly executor: RecoveryExecutor; readonly plan?: RecoveryPlan | undefined } | undefined;

  constructor(options: SessionManagerOptions) {
    checkManagerOptions(options);
    this.#options = { ...options, config: copyOfPatch(options.config), restarts: { ...options.restarts } };
    this.#clock = options.clock ?? systemClock();
    this.#logger = guardedLogger(options.logger ?? silentLogger);
    this.#defaults = resolveSessionConfig(DEFAULT_SESSION_CONFIG, this.#options.config);
    this.#limit = options.limit ?? MANAGER_DEFAULTS.limit;
    this.#privacy = options.privacy;
    const { recovery } = options;
    this.#recovery = recovery === undefined || 'executor' in recovery ? recovery : { executor: recovery };
    this.#notices = new SessionNotices(this.#clock, this.#logger);
    this.#hooks = new ConversationHooks(this.#clock, this.#logger, options.hooks);
    this.#driver = sessionDriver(options, (credentials, request) => this.#mint(credentials, request));
    this.#ledger = new SessionLedger(this.#clock, this.#logger, this.#hooks, this.#notices, this.#outside());
    this.#host = new SessionHost({
      clock: this.#clock,
      logger: this.#logger,
      limits: this.#limits(),
      listener: this.#ledger,
      steps: this.#ledger,
      inspect: options.inspect,
    });
  }

  // ---------------------------------------------------------------------------------------------- life cycle

  /**
   * Checks that the services it was given are initialised and subscribes to settings. Idempotent.
   *
   * @throws SessionchartError `DEPENDENCY_NOT_INITIALIZED`, naming the service; `MANAGER_NOT_READY` after `dispose()`.
   */
  async initialize(): Promise<void> {
    if (this.#phase === 'ready') return;
    if (this.#phase === 'disposed') throw new SessionchartError('MANAGER_NOT_READY');
    const { configuration, credentials } = this.#options;
    for (const [name, service] of Object.entries({ configuration, credentials })) {
      if (service !== undefined && 'isInitialized' in service && isNotInitialized(service)) {
        const message = `\`${name}\` is not initialised.`;
        throw new SessionchartError('DEPENDENCY_NOT_INITIALIZED', { message, field: name });
      }
    }
    if (configuration !== undefined) {
      this.#applySettings();
      this.#settings = configuration.onConfigurationChanged(async change => this.#onSetting(change));
    }
    // A collaborator may have disposed of the manager while it was asked.
    if (this.#disposal !== undefined) {
      this.#settings?.dispose();
      throw new SessionchartError('MANAGER_NOT_READY');
    }
    this.#phase = 'ready';
  }

  isInitialized(): boolean {
    return this.#phase === 'ready';
  }

  /**
   * Ends every session in every state, then takes all listeners off. Returns at once; the end is done within 2 s, and
   * `Symbol.asyncDispose` waits for it. Idempotent, safe at any time.
   */
  dispose(): void {
    if (this.#disposal !== undefined) return;
    this.#phase = 'disposed';
    this.#settings?.dispose();
    this.#disposal = this.#drain();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.dispose();
    await this.#awaited(this.#disposal);
  }

  // ---------------------------------------------------------------------------------------------- operations

  /**
   * Starts a session and waits until it is usable.
   *
   * @param patch values that differ from the defaults.
   * @throws SessionchartError `INVALID_CONFIG` (nothing has happened), `SESSION_LIMIT_REACHED`, `SESSION_QUEUE_FULL`,
   * `SESSION_START_FAILED` with the provider's failure as its cause, `SESSION_ENDED` if it was ended meanwhile,
   * `MANAGER_NOT_READY`.
   *
   * @example
   * ```ts
   * const { sessionId } = await manager.startSession({ inactivityTimeoutMinutes: 10 });
   * ```
   */
  async startSession(patch?: SessionConfigPatch): Promise<SessionInfo> {
    this.#mustBeReady();
    const overrides = copyOfPatch(patch);
    const config = (): SessionConfig => resolveSessionConfig(this.#defaults, overrides);
    config(); // refuses what is not allowed before anything has happened
    const sessionId = this.#newSessionId();
    const record = this.#ledger.open(sessionId, overrides);
    this.#host.start({ sessionId, driver: this.#driver, config });
    const info = await this.#awaited(record.started.promise);
    await this.#awaited(record.ready);
    if (this.#host.view(sessionId) === undefined) throw new SessionchartError('SESSION_ENDED', { sessionId });
    return info;
  }

  /**
   * Ends a session, or the current one, and waits until it is gone: at most 2 s, whatever provider, hooks and purge do.
   * What could not be done is told in the `ended` event and by {@link explain}. Never rejects because of it; a no-op
   * for a session that is unknown or has ended.
   */
  async endSession(sessionId?: string, reason: EndCallReason = 'user'): Promise<void> {
    this.#mustBeReady();
    checkEndReason(reason);
    await this.#awaited(this.#end(sessionId ?? this.#host.latest()?.sessionId, reason));
  }

  /** As {@link endSession}, without waiting: timers and secret are gone when this returns. */
  endSessionSync(sessionId: string): void {
    this.#mustBeReady();
    void this.#end(sessionId, 'user');
  }

  /**
   * Renews the credential of a session now, or joins the renewal that is under way. A failed session is admitted
   * again under the limit. Never rejects: one that a pause or an end breaks off is told as `OPERATION_ABORTED`, one that the
   * session cannot begin as `SESSION_NOT_ACTIVE`. A renewal that fails for good takes the session down, however long the old
   * credential would have lasted.
   */
  async renewSession(sessionId: string): Promise<RenewalResult> {
    if (this.#phase !== 'ready') return this.#ledger.notRenewed(sessionId, 'MANAGER_NOT_READY');
    const record = this.#ledger.recordOf(sessionId);
    const view = this.#host.view(sessionId);
    if (record === undefined || view === undefined) return this.#ledger.notRenewed(sessionId, 'SESSION_NOT_FOUND');
    if (record.renewal !== undefined) return this.#awaited(record.renewal.promise);
    const disposition = this.#host.dispositionOf(sessionId, { type: 'RENEW' });
    if (disposition?.kind === 'refused') return this.#ledger.notRenewed(sessionId, disposition.codes[0]);
    const answer = deferred<RenewalResult>();
    record.renewal = answer;
    if (disposition?.kind === 'taken') this.#host.send(sessionId, { type: 'RENEW' });
    else if (this.#host.isRetained(sessionId)) this.#host.revive(sessionId);
    return this.#awaited(answer.promise);
  }

  /**
   * Stops all timers of a session; they keep what is left. A renewal that is under way is broken off. Idempotent.
   *
   * @throws SessionchartError `SESSION_NOT_FOUND`, `SESSION_NOT_ACTIVE` unless active, renewing or paused.
   */
  async pauseSession(sessionId: string): Promise<void> {
    const view = this.#mustBeKnown(sessionId);
    this.#mustNotBeRefused(view, { type: 'PAUSE' });
    this.#host.send(sessionId, { type: 'PAUSE' });
  }

  /**
   * Lets the timers of a paused session go on with what was left. What the provider counts did not stand still: a
   * credential that is due or has run out is renewed first, a session past the server's cap ends. Idempotent.
   *
   * @throws SessionchartError as {@link pauseSession}.
   */
  async resumeSession(sessionId: string): Promise<void> {
    const view = this.#mustBeKnown(sessionId);
    this.#mustNotBeRefused(view, { type: 'RESUME' });
    this.#host.send(sessionId, { type: 'RESUME' });
  }

  /**
   * Changes the configuration of a session; its timers move at once, its state does not.
   *
   * @throws SessionchartError `INVALID_CONFIG` (nothing has changed), `SESSION_NOT_FOUND`, `SESSION_NOT_ACTIVE` while
   * it ends.
   */
  async updateSessionConfig(sessionId: string, config: SessionConfigPatch): Promise<void> {
    const view = this.#mustBeKnown(sessionId);
    this.#mustNotBeRefused(view, { type: 'CONFIGURE', config: view.context.config });
    const given = copyOfPatch(config);
    const resolved = resolveSessionConfig(view.context.config, given);
    const record = this.#ledger.recordOf(sessionId);
    if (record !== undefined) record.overrides = { ...record.overrides, ...given };
    this.#host.send(sessionId, { type: 'CONFIGURE', config: resolved });
  }

  /** Notes activity: the idle window starts again, full. A no-op for an unknown session. */
  async resetInactivityTimer(sessionId: string): Promise<void> {
    this.#mustBeReady();
    this.#host.send(sessionId, { type: 'ACTIVITY' });
  }

  /**
   * Tells what the transport of a session reports. A no-op for an unknown session.
   *
   * @throws SessionchartError `INVALID_CONFIG` for a state or time that is none.
   */
  reportTransport(sessionId: string, report: TransportReport): void {
    this.#mustBeReady();
    const { state, expiresAt, credentialRefused, credential } = checkTransport(report);
    const capAt = expiresAt === undefined ? undefined : this.#clock.now() + (expiresAt - this.#clock.wall());
    this.#host.send(sessionId, { type: 'TRANSPORT', state, ...(capAt === undefined ? {} : { capAt }) });
    const current = credential === undefined || credential === this.credentialFor(sessionId);
    if (credentialRefused && current) this.#host.send(sessionId, { type: 'REFUSED' });
  }

  // ---------------------------------------------------------------------------------------------- queries

  /** The secret that the session serves on; the only way to it. Ask anew for each connection. */
  credentialFor(sessionId: string): Secret | undefined {
    return this.#host.credentialOf(sessionId);
  }

  getSessionInfo(sessionId: string): SessionInfo | undefined {
    const view = this.#host.view(sessionId);
    return view === undefined ? undefined : sessionInfo(this.#clock, view);
  }

  /** The live session with the latest activity; of two that are equal, the one that was started or used later. */
  getCurrentSession(): SessionInfo | undefined {
    const view = this.#host.latest();
    return view === undefined ? undefined : sessionInfo(this.#clock, view);
  }

  getAllSessions(): SessionInfo[] {
    return [...this.#host.views()].map(view => sessionInfo(this.#clock, view));
  }

  /** True while the session serves: in `active` and in `renewing`. Without an id: the current session. */
  isSessionActive(sessionId?: string): boolean {
    const view = sessionId === undefined ? this.#host.latest() : this.#host.view(sessionId);
    // A start that failed and is tried again is `renewing` too, but has never served.
    return view?.state === 'active' || (view?.state === 'renewing' && view.context.usableAt !== null);
  }

  getSessionConfig(sessionId: string): SessionConfig | undefined {
    return this.#host.view(sessionId)?.context.config;
  }

  getMaxConcurrentSessions(): number {
    return this.#limit;
  }

  /**
   * How many credentials were minted, released and could not be released (the provider failed, or did not answer in
   * time) since the manager was made, and how many are held now.
   */
  getCredentialCounts(): VaultCounts {
    return Object.freeze(this.#host.credentials);
  }

  /** @throws SessionchartError `SESSION_NOT_FOUND`, `MANAGER_NOT_READY`. */
  getSessionDiagnostics(sessionId: string): SessionDiagnostics {
    return sessionDiagnostics(this.#clock, this.#mustBeKnown(sessionId));
  }

  /**
   * Checks a session from what is known: no request is made.
   *
   * @throws SessionchartError `SESSION_NOT_FOUND`, `MANAGER_NOT_READY`.
   */
  async testSessionHealth(sessionId: string): Promise<SessionHealthResult> {
    return sessionHealth(this.#clock, this.#mustBeKnown(sessionId));
  }

  /** The cause of every transition of a session, live or among the last 100 that ended. */
  explain(sessionId: string): SessionExplanation | undefined {
    return this.#ledger.explain(sessionId);
  }

  /** What an inspector looks at: the actors behind the sessions. Nothing is kept or slowed down by asking for it. */
  inspection(): ManagerInspection {
    return new ManagerInspection(this.#clock, this.#host, this.#ledger, this);
  }

  // ---------------------------------------------------------------------------------------------- events and collaborators

  onSessionStarted(handler: SessionEventHandler): Disposable {
    return this.#notices.started.on(handler);
  }

  onSessionEnded(handler: SessionEventHandler): Disposable {
    return this.#notices.ended.on(handler);
  }

  onSessionRenewed(handler: SessionRenewalHandler): Disposable {
    return this.#notices.renewed.on(handler);
  }

  onSessionError(handler: SessionErrorHandler): Disposable {
    return this.#notices.errors.on(handler);
  }

  onSessionStateChanged(handler: SessionStateHandler): Disposable {
    return this.#notices.states.on(handler);
  }

  /** The end of the lifetime of a session is near: `durationWarningSeconds` before it. */
  onSessionWarning(handler: SessionWarningHandler): Disposable {
    return this.#notices.warnings.on(handler);
  }

  /** Sets the conversation hooks. One set is active; disposing clears it only if it still is. */
  registerConversationHooks(hooks: ConversationLifecycleHooks): Disposable {
    return this.#hooks.register(hooks);
  }

  setPrivacyController(controller: PrivacyController): void {
    this.#privacy = controller;
  }

  setRecoveryExecutor(executor: RecoveryExecutor, plan?: RecoveryPlan): void {
    this.#recovery = { executor, plan };
  }

  /** Adds the recovery steps of the session manager. Each acts on the session that it is run for, and no other. */
  registerRecoveryActions(registrar: RecoveryRegistrar): void {
    registerSessionRecovery(registrar, {
      clock: this.#clock,
      logger: this.#logger,
      end: sessionId => this.#end(sessionId, 'recovery'),
      purge: async sessionId =>
        this.#ledger.isPurged(sessionId) || purgeSession(this.#privacy, this.#clock, sessionId, 'recovery'),
    });
  }

  // ---------------------------------------------------------------------------------------------- inside

  /** What somebody waits for keeps the process alive; a session that nobody waits for does not. */
  async #awaited<T>(promise: Promise<T> | T): Promise<T> {
    const release = this.#clock.hold?.();
    try {
      return await promise;
    } finally {
      release?.();
    }
  }

  #outside(): LedgerOutside {
    const host = (): SessionHost => this.#host;
    const privacy = (): PrivacyController | undefined => this.#privacy;
    const plan = (): RecoveryPlan | undefined => this.#recovery?.plan;
    return {
      get host() {
        return host();
      },
      get privacy() {
        return privacy();
      },
      get plan() {
        return plan();
      },
    };
  }

  #mint(credentials: CredentialProvider, request: MintRequest) {
    if (this.#recovery === undefined) return credentials.mint(request);
    // Not by the state: the one in which the mint was ordered can be read only after it was.
    const isUsable = (this.#host.view(request.sessionId)?.context.usableAt ?? null) !== null;
    const { tries = 0, lastError } = this.#host.actorOf(request.sessionId)?.getSnapshot().context ?? {};
    return runMint(this.#recovery.executor, credentials, request, {
      clock: this.#clock,
      operation: isUsable ? 'renewSession' : 'startSession',
      continues: tries > 1 && lastError?.failure.code !== 'CIRCUIT_OPEN',
    });
  }

  #limits() {
    const { whenFull, queueLimit, restarts } = this.#options;
    return {
      limit: this.#limit,
      whenFull: whenFull ?? MANAGER_DEFAULTS.whenFull,
      queueLimit: queueLimit ?? MANAGER_DEFAULTS.queueLimit,
      maxRestarts: restarts?.max ?? MANAGER_DEFAULTS.maxRestarts,
      restartWindowMs: restarts?.windowMs ?? MANAGER_DEFAULTS.restartWindowMs,
    };
  }

  #newSessionId(): string {
    const { createSessionId } = this.#options;
    if (createSessionId === undefined) return `session-${Math.trunc(this.#clock.wall())}-${randomUUID()}`;
    return checkSessionId(createSessionId(), id => this.#ledger.explain(id) !== undefined);
  }

  #mustBeReady(): void {
    if (this.#phase !== 'ready') throw new SessionchartError('MANAGER_NOT_READY');
  }

  #mustBeKnown(sessionId: string): SessionView {
    this.#mustBeReady();
    const view = this.#host.view(sessionId);
    if (view === undefined) throw new SessionchartError('SESSION_NOT_FOUND', { sessionId });
    return view;
  }

  /** The chart itself says where a call is refused; what it ignores is a call that need do nothing. */
  #mustNotBeRefused({ sessionId, state }: SessionView, event: SessionEvent): void {
    const disposition = this.#host.dispositionOf(sessionId, event);
    if (disposition?.kind !== 'refused') return;
    const allowed = statesTaking(event.type).join(', ');
    const message = `The session is ${state}; allowed: ${allowed}.`;
    throw new SessionchartError(disposition.codes[0], { message, sessionId, allowed });
  }

  async #end(sessionId: string | undefined, reason: EndReason): Promise<void> {
    const record = sessionId === undefined ? undefined : this.#ledger.recordOf(sessionId);
    if (record === undefined) return;
    this.#host.send(record.sessionId, { type: 'END', reason });
    await record.ended.promise;
  }

  async #drain(): Promise<void> {
    const deadline = this.#clock.now() + DRAIN_DEADLINE_MS;
    await this.#host.drain();
    const leftMs = Math.max(0, deadline - this.#clock.now());
    await purgeAfterAll(this.#privacy, this.#clock, this.#logger, Math.min(PURGE_DEADLINE_MS, leftMs));
    this.#notices.hub.clear();
  }

  #applySettings(): void {
    const settings = this.#options.configuration?.getSessionConfig();
    if (settings === undefined) return;
    const { maxConcurrentSessions, ...session } = settings;
    this.#defaults = resolveSessionConfig(resolveSessionConfig(DEFAULT_SESSION_CONFIG, session), this.#options.config);
    if (this.#options.limit === undefined) this.#limit = maxConcurrentSessions;
    this.#host.configure(this.#limits());
  }

  #onSetting(change: ConfigurationChange): void {
    if (change.section !== 'session') return;
    this.#applySettings();
    if (change.key === 'maxConcurrentSessions') return;
    for (const { sessionId } of [...this.#host.views()]) {
      const record = this.#ledger.recordOf(sessionId);
      if (record === undefined) continue;
      this.#host.send(sessionId, { type: 'CONFIGURE', config: resolveSessionConfig(this.#defaults, record.overrides) });
    }
  }
}

function isNotInitialized(service: object): boolean {
  const { isInitialized } = service as { isInitialized?: unknown };
  return typeof isInitialized === 'function' && isInitialized.call(service) === false;
}

/**
 * Makes a session manager. Call `initialize()` before the first operation.
 *
 * @throws SessionchartError `INVALID_CONFIG` for an option that is not allowed.
 *
 * @example
 * ```ts
 * const manager = createSessionManager({ credentials: { mint: mintFromMyBackend } });
 * await manager.initialize();
 * const { sessionId } = await manager.startSession();
 * const key = manager.credentialFor(sessionId); // prints as [redacted]
 * await manager.endSession(sessionId);
 * manager.dispose();
 * ```
 */
export function createSessionManager(options: SessionManagerOptions): SessionManager {
  return new SessionManager(options);
}
