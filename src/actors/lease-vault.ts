import type { Failure } from '../machines/failure.ts';
import { RELEASE_DEADLINE_MS, SHORTEST_LIFE_MS } from '../machines/session-deadlines.ts';
import type { Lease } from '../machines/session-types.ts';
import { classifyFailure, sanitisedCause } from './classify-failure.ts';
import { settleWithin } from './deadline.ts';
import type { Clock, Logger, MintedCredential, SessionDriver } from './ports.ts';
import { Secret } from './secret.ts';

interface Held {
  readonly attempt: number;
  readonly id: string | undefined;
  readonly secret: Secret;
}

interface Answer {
  readonly secret: string;
  readonly id: string | undefined;
  readonly issuedAt: number;
  readonly expiresAt: number;
  readonly unusable: Failure | undefined;
}

/** The end of time as `Date` knows it; nothing later can be told to people. */
const LATEST_DATE_MS = 8.64e15;

const TOO_LATE: Failure = { code: 'OPERATION_ABORTED', retryable: false };
const invalid = (field: string): Failure => ({ code: 'INVALID_PROVIDER_ANSWER', retryable: false, field });

/** How much passed through the vault. */
export interface VaultCounts {
  readonly minted: number;
  readonly released: number;
  /** Credentials that the provider could not take back: it failed, or did not answer in time. */
  readonly unreleased: number;
  readonly held: number;
}

/**
 * Keeps the secrets of the sessions. Charts know a credential by the attempt that obtained it; the secret itself is
 * here and nowhere else, from the moment the provider hands it over until it is given back.
 */
export class LeaseVault {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #held = new Map<string, Held[]>();
  readonly #releasing = new Set<Promise<unknown>>();
  #minted = 0;
  #released = 0;
  #unreleased = 0;
  #heldCount = 0;

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock;
    this.#logger = logger;
  }

  get counts(): VaultCounts {
    return { minted: this.#minted, released: this.#released, unreleased: this.#unreleased, held: this.#heldCount };
  }

  /**
   * Obtains a credential and keeps it. Resolves to the reference that the chart may see; rejects with a `Failure`. An
   * answer that comes after `signal` aborted is given back at once: nobody waits for it any more.
   */
  async mint(driver: SessionDriver, sessionId: string, attempt: number, signal: AbortSignal): Promise<Lease> {
    let minted: unknown;
    try {
      minted = await driver.mint?.(Object.freeze({ sessionId, attempt, signal }));
    } catch (error) {
      const failure = classifyFailure(error, this.#clock.wall());
      if (!signal.aborted) {
        this.#logger.warn('credential not obtained', { sessionId, attempt, ...failure });
      }
      throw failure;
    }
    const answer = this.#read(minted);
    if ('code' in answer) {
      this.#logger.warn('credential cannot be used', { sessionId, attempt, ...answer });
      throw answer;
    }
    this.#minted += 1;
    this.#keep(sessionId, { attempt, id: answer.id, secret: new Secret(answer.secret) });
    const failure = signal.aborted ? TOO_LATE : answer.unusable;
    if (failure !== undefined) {
      this.#logger.warn('credential given back unused', { sessionId, attempt, ...failure });
      await this.release(driver, sessionId, attempt);
      throw failure;
    }
    return { attempt, id: answer.id ?? null, issuedAt: answer.issuedAt, expiresAt: answer.expiresAt };
  }

  /** The secret of the credential that `attempt` obtained; `undefined` once it was given back. */
  secretOf(sessionId: string, attempt: number): Secret | undefined {
    return this.#held.get(sessionId)?.find(held => held.attempt === attempt)?.secret;
  }

  /** Gives one credential back: the secret is gone at once, the provider is told under a deadline. */
  async release(driver: SessionDriver, sessionId: string, attempt: number): Promise<string | undefined> {
    const held = this.#take(sessionId, attempt);
    if (held === undefined) return undefined;
    const release = this.#revoke(driver, sessionId, held);
    this.#releasing.add(release);
    release.finally(() => this.#releasing.delete(release));
    return release;
  }

  /** Gives back all that a session holds but the credentials of these attempts. */
  keepOnly(driver: SessionDriver, sessionId: string, attempts: readonly (number | undefined)[]): void {
    const held = this.#held.get(sessionId);
    if (held === undefined) return;
    for (const { attempt } of [...held]) {
      if (!attempts.includes(attempt)) void this.release(driver, sessionId, attempt);
    }
  }

  /** Settles when every release that is under way is over. */
  async settled(): Promise<void> {
    await Promise.all(this.#releasing);
  }

  /** Gives back all that a session holds. Resolves to the codes of what could not be given back. */
  async releaseAll(driver: SessionDriver, sessionId: string): Promise<string[]> {
    const all = this.#held.get(sessionId)?.map(held => held.attempt) ?? [];
    const codes = await Promise.all(all.map(attempt => this.release(driver, sessionId, attempt)));
    return codes.filter(code => code !== undefined);
  }

  async #revoke(driver: SessionDriver, sessionId: string, { attempt, id, secret }: Held): Promise<string | undefined> {
    if (driver.revoke === undefined) {
      this.#released += 1;
      return undefined;
    }
    const outcome = await settleWithin(this.#clock, RELEASE_DEADLINE_MS, signal =>
      driver.revoke?.({ sessionId, attempt, id, secret, signal }),
    );
    if (outcome.status === 'done') {
      this.#released += 1;
      return undefined;
    }
    this.#unreleased += 1;
    const code = outcome.status === 'failed' ? 'RELEASE_FAILED' : 'RELEASE_TIMEOUT';
    const cause = outcome.status === 'failed' ? sanitisedCause(outcome.error) : undefined;
    this.#logger.warn('credential not released', { sessionId, attempt, code, cause });
    return code;
  }

  #keep(sessionId: string, held: Held): void {
    const list = this.#held.get(sessionId);
    if (list === undefined) this.#held.set(sessionId, [held]);
    else list.push(held);
    this.#heldCount += 1;
  }

  #take(sessionId: string, attempt: number): Held | undefined {
    const list = this.#held.get(sessionId) ?? [];
    const place = list.findIndex(held => held.attempt === attempt);
    if (place < 0) return undefined;
    const [held] = list.splice(place, 1);
    if (list.length === 0) this.#held.delete(sessionId);
    this.#heldCount -= 1;
    return held;
  }

  /**
   * Reads an answer before anything is changed by it. The expiry moves from the wall clock to that of the session. An
   * answer with a secret that cannot be used is still one that must be given back.
   */
  #read(answer: unknown): Failure | Answer {
    try {
      if (typeof answer !== 'object' || answer === null) return invalid('credential');
      const { secret, expiresAt, id } = answer as Partial<MintedCredential>;
      if (typeof secret !== 'string' || secret.trim() === '') return invalid('secret');
      const expiry = expiresAt instanceof Date ? expiresAt.getTime() : expiresAt;
      const issuedAt = this.#clock.now();
      const isTime = typeof expiry === 'number' && Math.abs(expiry) <= LATEST_DATE_MS;
      const lifeMs = isTime ? expiry - this.#clock.wall() : Number.NaN;
      return {
        secret,
        id: typeof id === 'string' && !id.includes(secret) ? id : undefined,
        issuedAt,
        expiresAt: issuedAt + lifeMs,
        unusable: !Number.isFinite(lifeMs)
          ? invalid('expiresAt')
          : lifeMs < SHORTEST_LIFE_MS
            ? { ...invalid('expiresAt'), retryable: true }
            : undefined,
      };
    } catch {
      return invalid('credential'); // a getter of the answer threw
    }
  }
}
