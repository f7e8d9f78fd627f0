import type { Clock, CredentialProvider, MintedCredential, MintRequest, RevokeRequest } from '../../actors/ports.ts';

/** What a provider does when it is asked for a credential. */
export type Behaviour = (request: MintRequest, world: World) => Promise<unknown>;

interface World {
  readonly clock: Clock;
  /** A fresh secret that says whose it is. */
  secret(request: MintRequest): string;
}

const wait = (clock: Clock, ms: number): Promise<void> => new Promise(resolve => clock.setTimeout(resolve, ms));

/** Hands over a credential that lives for so long. */
export const MINTS =
  (lifeMs = 60_000): Behaviour =>
  async (request, { clock, secret }) => ({ secret: secret(request), expiresAt: clock.wall() + lifeMs });

/** Refuses, with an error of this shape. */
export const REJECTS =
  (shape: Record<string, unknown>): Behaviour =>
  async () => {
    throw Object.assign(new Error('refused by the provider'), shape);
  };

/** Refuses with this HTTP status. */
export const ANSWERS = (status: number, more: Record<string, unknown> = {}): Behaviour => REJECTS({ status, ...more });

/** Never answers, whatever the signal says. */
export const HANGS: Behaviour = () => new Promise(() => undefined);

/** Resolves to anything at all. */
export const RETURNS =
  (value: unknown): Behaviour =>
  async () =>
    value;

/** Takes its time, deaf to the signal. */
export const SLOWLY =
  (ms: number, then: Behaviour = MINTS()): Behaviour =>
  async (request, world) => {
    await wait(world.clock, ms);
    return then(request, world);
  };

/** A provider that does as it is told, and remembers everything. */
export class FakeProvider implements CredentialProvider {
  readonly #clock: Clock;
  readonly #script: Behaviour[] = [];
  readonly #usual: Behaviour;
  readonly requests: MintRequest[] = [];
  readonly minted: { readonly sessionId: string; readonly attempt: number; readonly secret: string }[] = [];
  readonly revoked: { readonly sessionId: string; readonly attempt: number; readonly secret: string }[] = [];
  revokes: (request: RevokeRequest) => Promise<void> = async () => undefined;

  constructor(clock: Clock, usual: Behaviour = MINTS()) {
    this.#clock = clock;
    this.#usual = usual;
  }

  /** The next mints behave like this, one after the other; then as usual. */
  next(...behaviours: Behaviour[]): this {
    this.#script.push(...behaviours);
    return this;
  }

  async mint(request: MintRequest): Promise<MintedCredential> {
    this.requests.push(request);
    const behave = this.#script.shift() ?? this.#usual;
    const made = await behave(request, {
      clock: this.#clock,
      secret: ({ sessionId, attempt }) => `ek_${sessionId}_${attempt}_${this.minted.length}`,
    });
    const { secret } = (made ?? {}) as Partial<MintedCredential>;
    if (typeof secret === 'string' && secret !== '') {
      this.minted.push({ sessionId: request.sessionId, attempt: request.attempt, secret });
    }
    return made as MintedCredential;
  }

  async revoke(request: RevokeRequest): Promise<void> {
    const { sessionId, attempt, secret } = request;
    this.revoked.push({ sessionId, attempt, secret: secret.reveal() });
    await this.revokes(request);
  }

  /** Credentials that were handed over and not taken back yet. */
  get outstanding(): string[] {
    const gone = new Set(this.revoked.map(({ secret }) => secret));
    return this.minted.map(({ secret }) => secret).filter(secret => !gone.has(secret));
  }
}
