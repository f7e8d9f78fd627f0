import { createActor } from 'xstate';
import { sanitisedCause } from '../actors/classify-failure.ts';
import { isSessionchartError, SessionchartError } from '../actors/errors.ts';
import type { MintedCredential, MintRequest } from '../actors/ports.ts';
import { keySlotMachine } from '../machines/key-slot.ts';
import { providerError } from './http-request.ts';
import { type MintedKey, mintKey } from './key-mint.ts';
import { type EphemeralKeyServiceOptions, type KeySettings, resolveKeyOptions } from './key-options.ts';
import {
  type AuthenticationError,
  type AuthenticationTestResult,
  authenticationError,
  type EphemeralKeyInfo,
  type EphemeralKeyResult,
  type EphemeralKeyService,
  type RealtimeSessionInfo,
} from './key-types.ts';
import { createListeners, type Registration } from './listeners.ts';
import { SingleFlight } from './single-flight.ts';

/** Failures that come after the provider accepted the credential. */
const ACCEPTED_BEFORE: ReadonlySet<string> = new Set([
  'INSUFFICIENT_PERMISSIONS',
  'INVALID_PROVIDER_ANSWER',
  'QUOTA_EXCEEDED',
  'RATE_LIMITED',
]);

// Requests without a session, and tests, are coalesced under names that no session has.
const NO_SESSION = '';
const TEST = '\0test';

/** The key at hand. */
interface Held {
  readonly minted: MintedKey;
  readonly askedFor: string;
  readonly sessionId: string;
  /** Whether it was handed out by `createRealtimeSession`: providers disagree on using a key twice. */
  used: boolean;
}

/**
 * A service that mints realtime keys. See {@link EphemeralKeyService} for what it promises.
 *
 * @throws SessionchartError `MISSING_CREDENTIALS`, `MISSING_ENDPOINT`, `INVALID_ENDPOINT_FORMAT` or `INVALID_CONFIG`,
 * the latter naming field, value and range.
 *
 * @example
 * ```ts
 * const keys = createEphemeralKeyService({ contract: 'openai', apiKey: await secrets.get('openai') });
 * await keys.initialize();
 * const manager = createSessionManager({ credentials: keys });
 * ```
 */
export function createEphemeralKeyService(options: EphemeralKeyServiceOptions): EphemeralKeyService {
  return new KeyService(resolveKeyOptions(options));
}

class KeyService implements EphemeralKeyService {
  readonly #settings: KeySettings;
  readonly #slot;
  readonly #mints = new SingleFlight<MintedKey>();
  readonly #requests = new SingleFlight<Held>();
  readonly #renewed = createListeners<EphemeralKeyResult>(error => this.#listenerFailed(error));
  readonly #expired = createListeners<EphemeralKeyInfo>(error => this.#listenerFailed(error));
  readonly #failed = createListeners<AuthenticationError>(error => this.#listenerFailed(error));
  #held: Held | undefined;
  #unnamed = 0;

  constructor(settings: KeySettings) {
    this.#settings = settings;
    this.#slot = createActor(keySlotMachine, { clock: settings.clock });
    this.#slot.on('keyGone', () => this.#keyGone());
    this.#slot.start();
  }

  async initialize(): Promise<void> {
    if (this.#isDisposed()) throw notReady();
    this.#slot.send({ type: 'INITIALISED' });
  }

  dispose(): void {
    if (this.#isDisposed()) return;
    this.#slot.send({ type: 'DISPOSED' });
    this.#held = undefined;
    for (const listeners of [this.#renewed, this.#expired, this.#failed]) listeners.clear();
    this.#requests.stop();
    this.#mints.stop();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  isInitialized(): boolean {
    return this.#slot.getSnapshot().hasTag('initialised');
  }

  get websocketUrl(): string {
    const { contract, input } = this.#settings;
    return contract.websocketUrl(input);
  }

  async mint({ sessionId, signal }: MintRequest): Promise<MintedCredential> {
    const { secret, expiresAt, id } = await this.#mint(sessionId, signal);
    return { secret: secret.reveal(), expiresAt, ...(id !== undefined && { id }) };
  }

  async requestEphemeralKey(sessionId: string = NO_SESSION): Promise<EphemeralKeyResult> {
    try {
      return resultOf(this.#infoOf(await this.#request(sessionId)));
    } catch (error) {
      const asked = sessionId === NO_SESSION ? {} : { sessionId };
      return Object.freeze({ success: false, ...asked, error: authenticationError(this.#clean(error)) });
    }
  }

  async renewKey(): Promise<EphemeralKeyResult> {
    return this.requestEphemeralKey(this.#current()?.askedFor);
  }

  getCurrentKey(): EphemeralKeyInfo | undefined {
    const held = this.#current();
    return held && this.#infoOf(held);
  }

  async revokeCurrentKey(): Promise<void> {
    if (this.isInitialized()) this.#slot.send({ type: 'KEY_DROPPED' });
  }

  async createRealtimeSession(): Promise<RealtimeSessionInfo> {
    let held = this.#current();
    if (held !== undefined && refreshTime(held.minted, this.#settings) <= this.#settings.clock.wall()) held = undefined;
    // Parallel calls share a request but not a key: who comes second finds it used and asks again.
    while (held === undefined || held.used) held = await this.#request(NO_SESSION);
    held.used = true;
    const { contract, input } = this.#settings;
    const keyInfo = this.#infoOf(held);
    const { sessionId, expiresAt, issuedAt, refreshAt } = keyInfo;
    return Object.freeze({
      sessionId,
      ephemeralKey: held.minted.secret,
      websocketUrl: this.websocketUrl,
      webrtcUrl: contract.webrtcUrl(input),
      expiresAt,
      issuedAt,
      refreshAt,
      refreshIntervalMs: refreshAt.getTime() - issuedAt.getTime(),
      keyInfo,
    });
  }

  async endSession(sessionId: string): Promise<void> {
    if (this.#held?.sessionId === sessionId) await this.revokeCurrentKey();
  }

  isKeyValid(): boolean {
    return this.#current() !== undefined;
  }

  getKeyExpiration(): Date | undefined {
    const held = this.#current();
    return held && new Date(held.minted.expiresAt);
  }

  async testAuthentication(): Promise<AuthenticationTestResult> {
    const { clock, input, region } = this.#settings;
    const startedAt = clock.now();
    const failure = await this.#mint(TEST, undefined).then(
      () => undefined,
      error => this.#reported(error),
    );
    return Object.freeze({
      success: failure === undefined,
      endpoint: input.base,
      region,
      hasValidCredentials: failure === undefined || ACCEPTED_BEFORE.has(failure.code),
      canCreateSessions: failure === undefined,
      latencyMs: clock.now() - startedAt,
      ...(failure !== undefined && { error: `${failure.code}: ${failure.message}` }),
    });
  }

  onKeyRenewed(handler: (result: EphemeralKeyResult) => unknown): Registration {
    return this.#renewed.add(handler);
  }

  onKeyExpired(handler: (key: EphemeralKeyInfo) => unknown): Registration {
    return this.#expired.add(handler);
  }

  onAuthenticationError(handler: (error: AuthenticationError) => unknown): Registration {
    return this.#failed.add(handler);
  }

  async #mint(sessionId: string, signal: AbortSignal | undefined): Promise<MintedKey> {
    if (!this.isInitialized()) throw notReady();
    return this.#mints.run(sessionId, signal, async inner => {
      try {
        return await mintKey(this.#settings, inner);
      } catch (error) {
        const { code, isRetryable, details } = this.#clean(error);
        if (!inner.aborted) this.#settings.logger.warn('key request failed', { code, isRetryable, ...details });
        throw error;
      }
    });
  }

  /** A key for the slot. All that share the request share one store, one notice and one report. */
  async #request(askedFor: string): Promise<Held> {
    return this.#requests.run(askedFor, undefined, async signal => {
      try {
        return this.#hold(await this.#mint(askedFor, signal), askedFor);
      } catch (error) {
        this.#reported(error);
        throw error;
      }
    });
  }

  #hold(minted: MintedKey, askedFor: string): Held {
    const { clock } = this.#settings;
    const sessionId = askedFor || minted.id || `key-${++this.#unnamed}`;
    const held: Held = { minted, askedFor, sessionId, used: false };
    const at = clock.now();
    this.#held = held;
    this.#slot.send({ type: 'KEY_ARRIVED', at, expiresAt: at + (minted.expiresAt - clock.wall()) });
    this.#renewed.emit(resultOf(this.#infoOf(held)));
    return held;
  }

  /** The key at hand. A wall clock that was set past its expiry ends it too. */
  #current(): Held | undefined {
    if (this.#held !== undefined && this.#held.minted.expiresAt <= this.#settings.clock.wall()) {
      this.#slot.send({ type: 'KEY_DROPPED' });
    }
    return this.#held;
  }

  #keyGone(): void {
    const held = this.#held;
    this.#held = undefined;
    if (held !== undefined)
      this.#expired.emit(Object.freeze({ ...this.#infoOf(held), key: undefined, isValid: false }));
  }

  #infoOf({ minted, sessionId }: Held): EphemeralKeyInfo {
    const { issuedAt, expiresAt, secret } = minted;
    const now = this.#settings.clock.wall();
    const refreshAt = refreshTime(minted, this.#settings);
    return Object.freeze({
      key: secret,
      sessionId,
      issuedAt: new Date(issuedAt),
      expiresAt: new Date(expiresAt),
      isValid: now < expiresAt,
      secondsRemaining: Math.max(0, expiresAt - now) / 1_000,
      refreshAt: new Date(refreshAt),
      secondsUntilRefresh: Math.max(0, refreshAt - now) / 1_000,
      ttlSeconds: (expiresAt - issuedAt) / 1_000,
      refreshIntervalSeconds: (refreshAt - issuedAt) / 1_000,
    });
  }

  #reported(error: unknown): AuthenticationError {
    const report = authenticationError(this.#clean(error));
    this.#failed.emit(report);
    return report;
  }

  #clean(error: unknown): SessionchartError {
    return isSessionchartError(error) ? error : providerError(error, this.#settings.clock.wall());
  }

  #listenerFailed(error: unknown): void {
    this.#settings.logger.error('key listener failed', { code: 'LISTENER_FAILED', cause: sanitisedCause(error) });
  }

  #isDisposed(): boolean {
    return this.#slot.getSnapshot().status !== 'active';
  }
}

/** The margin before the expiry, or the middle of the life if that is later: a lead may never eat up a short life. */
function refreshTime({ issuedAt, expiresAt }: MintedKey, { renewalMarginMs }: KeySettings): number {
  return expiresAt - Math.min(renewalMarginMs, (expiresAt - issuedAt) / 2);
}

function resultOf(info: EphemeralKeyInfo): EphemeralKeyResult {
  const { key, sessionId, expiresAt, issuedAt, refreshAt, secondsUntilRefresh, refreshIntervalSeconds } = info;
  return Object.freeze({
    success: true,
    ...(key !== undefined && { ephemeralKey: key }),
    sessionId,
    expiresAt,
    issuedAt,
    refreshAt,
    secondsUntilRefresh,
    refreshIntervalSeconds,
  });
}

function notReady(): SessionchartError {
  return new SessionchartError('DEPENDENCY_NOT_INITIALIZED', {
    message: 'The key service is not initialised, or it was disposed.',
  });
}
