import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../../actors/ports.ts';
import { Secret } from '../../actors/secret.ts';
import type { SessionPatch } from './conversation.ts';

/** Keys remembered at once; beyond it the oldest stops working. At 600 s of life: 16 mints a second for ten minutes. */
const MAX_EPHEMERAL_KEYS = 10_000;

/** What a request that shows a key is. */
export type Presented =
  | { readonly kind: 'api-key' }
  | { readonly kind: 'ephemeral'; readonly session: SessionPatch }
  | { readonly kind: 'expired' }
  | { readonly kind: 'unknown' };

export interface EphemeralKey {
  readonly value: Secret;
  /** Epoch s. Up to exactly this second the key opens sessions. */
  readonly expiresAt: number;
}

interface KeyRecord {
  readonly expiresAt: number;
  readonly session: SessionPatch;
}

/** The keys that the service accepts. It keeps digests, not keys, so a dump of it yields none. */
export class KeyStore {
  readonly #clock: Clock;
  readonly #apiKeys: readonly Buffer[];
  readonly #ephemeral = new Map<string, KeyRecord>();

  constructor(apiKeys: readonly Secret[], clock: Clock) {
    this.#clock = clock;
    this.#apiKeys = apiKeys.map(key => digest(key.reveal()));
  }

  /** A new ephemeral key. `ttlSeconds` may be a fraction; the end is rounded up to a whole second. */
  mint(ttlSeconds: number, session: SessionPatch): EphemeralKey {
    const value = new Secret(`ek_${randomBytes(24).toString('hex')}`);
    const expiresAt = Math.ceil(this.#clock.wall() / 1000 + ttlSeconds);
    this.#sweep();
    this.#ephemeral.set(digest(value.reveal()).toString('hex'), { expiresAt, session });
    return { value, expiresAt };
  }

  /** Looks a key up. Takes the same time for every wrong API key. */
  look(key: string): Presented {
    const given = digest(key);
    if (this.#apiKeys.filter(known => timingSafeEqual(known, given)).length > 0) return { kind: 'api-key' };
    const found = this.#ephemeral.get(given.toString('hex'));
    if (found === undefined) return { kind: 'unknown' };
    return this.#clock.wall() >= found.expiresAt * 1000
      ? { kind: 'expired' }
      : { kind: 'ephemeral', session: found.session };
  }

  clear(): void {
    this.#ephemeral.clear();
  }

  /** Takes expired keys from the old end, and the oldest one if there are too many. */
  #sweep(): void {
    const wallSeconds = this.#clock.wall() / 1000;
    for (const [id, { expiresAt }] of this.#ephemeral) {
      if (expiresAt > wallSeconds && this.#ephemeral.size < MAX_EPHEMERAL_KEYS) break;
      this.#ephemeral.delete(id);
    }
  }
}

const digest = (key: string): Buffer => createHash('sha256').update(key).digest();
