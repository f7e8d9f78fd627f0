import type { Clock, CredentialProvider, MintedCredential, MintRequest, RevokeRequest } from '../../actors/ports.ts';
import { accepts, type Behaviour, mints, type ProviderWorld } from './provider-behaviours.ts';

/** A credential that a {@link FakeCredentialProvider} handed over or took back. */
export interface TrackedCredential {
  readonly sessionId: string;
  readonly attempt: number;
  readonly secret: string;
}

/**
 * A credential provider that does as it is told, and remembers everything.
 *
 * @example
 * ```ts
 * const provider = new FakeCredentialProvider(clock, mints(60_000));
 * provider.next(answers(429, { retryAfterMs: 3_000 }), slowly(500)); // the next two mints; then as usual
 * provider.nextRevoke(hangs());
 * provider.outstanding; // secrets that were handed over and not taken back
 * ```
 */
export class FakeCredentialProvider implements CredentialProvider {
  readonly #world: ProviderWorld;
  readonly #mints: Behaviour[] = [];
  readonly #revokes: Behaviour<RevokeRequest>[] = [];
  readonly #usual: Behaviour;
  /** Every request to mint, also those that were refused. */
  readonly requests: MintRequest[] = [];
  /** Every answer that brought a secret, in the order of the answers. */
  readonly minted: TrackedCredential[] = [];
  /** Every request to revoke, also those that were refused. */
  readonly revoked: TrackedCredential[] = [];
  /** What `revoke` does where {@link nextRevoke} says nothing. */
  usualRevoke: Behaviour<RevokeRequest> = accepts;

  /** @param usual what `mint` does where {@link next} says nothing. [usual=mints()] */
  constructor(clock: Clock, usual: Behaviour = mints()) {
    this.#usual = usual;
    this.#world = {
      clock,
      secret: ({ sessionId, attempt }) => `ek_${sessionId}_${attempt}_${this.minted.length}`,
    };
  }

  /** The next mints behave like this, one after the other; then as usual. */
  next(...behaviours: Behaviour[]): this {
    this.#mints.push(...behaviours);
    return this;
  }

  /** The next revokes behave like this, one after the other; then as usual. */
  nextRevoke(...behaviours: Behaviour<RevokeRequest>[]): this {
    this.#revokes.push(...behaviours);
    return this;
  }

  mint(request: MintRequest): Promise<MintedCredential> {
    this.requests.push(request);
    const behave = this.#mints.shift() ?? this.#usual;
    return this.#kept(request, behave(request, this.#world));
  }

  async revoke(request: RevokeRequest): Promise<void> {
    const { sessionId, attempt, secret } = request;
    this.revoked.push({ sessionId, attempt, secret: secret.reveal() });
    await (this.#revokes.shift() ?? this.usualRevoke)(request, this.#world);
  }

  /** Secrets that were handed over and not asked back yet. */
  get outstanding(): string[] {
    return this.outstandingCredentials.map(({ secret }) => secret);
  }

  /** The same, with whose they are. */
  get outstandingCredentials(): TrackedCredential[] {
    const gone = new Set(this.revoked.map(nameOf));
    return this.minted.filter(credential => !gone.has(nameOf(credential)));
  }

  async #kept({ sessionId, attempt }: MintRequest, answer: Promise<unknown>): Promise<MintedCredential> {
    const made = await answer;
    const { secret } = (made ?? {}) as Partial<MintedCredential>;
    if (typeof secret === 'string' && secret.trim() !== '') this.minted.push({ sessionId, attempt, secret });
    return made as MintedCredential;
  }
}

/** A credential is known by the attempt that obtained it. */
const nameOf = ({ sessionId, attempt }: TrackedCredential): string => `${attempt}/${sessionId}`;
