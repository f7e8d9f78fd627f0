import type { Clock, CredentialProvider, MintRequest, RevokeRequest } from '../../actors/ports.ts';
import { Secret } from '../../actors/secret.ts';
import { countCalls, revokeUncounted } from './count-calls.ts';
import { type Answer, asText, read } from './provider-answer.ts';
import { pause, type Seen, timersOn, type Watched, watch } from './watch.ts';

/** How long an answer is watched after it came, ms: long enough for what comes twice in one go. */
const WATCH_MS = 50;

export interface ExperimentOptions {
  readonly clock: Clock;
  readonly deadlineMs: number;
  readonly abortGraceMs: number;
  readonly close: ((provider: CredentialProvider) => unknown) | undefined;
}

/** One mint, and what came of it. */
export interface MintSeen {
  readonly seen: Seen;
  /** How often the answer came, watched a little longer. */
  readonly settlements: number;
  /** What was handed over when it came, and a little later. */
  readonly atFirst: Answer | undefined;
  readonly later: Answer | undefined;
  /** The request was changed. */
  readonly isRequestChanged: boolean;
  /** Still pending a while after its signal aborted. */
  readonly isDeafToAbort: boolean;
}

/** The first two mints of a provider, one after the other. */
export interface FirstMints {
  readonly first: MintSeen;
  readonly second: MintSeen | undefined;
  /** Calls of `mint` and `revoke` that the contract did not make; `undefined` where they could not be counted. */
  readonly ownCalls: number | undefined;
  /** Timers on the clock that were not there before; `undefined` where the clock does not count them. */
  readonly timersLeft: number | undefined;
}

export interface Revocations {
  readonly once: Seen;
  readonly again: Seen;
}

/** Asks a provider for things and writes down what it does. Judges nothing. */
export class ProviderExperiments {
  readonly #create: () => CredentialProvider | Promise<CredentialProvider>;
  readonly #options: ExperimentOptions;
  /** Everything that was rejected with, in words that say when. */
  readonly rejections: { readonly when: string; readonly error: unknown }[] = [];
  /** Every secret that was seen. */
  readonly secrets = new Set<string>();
  #sessions = 0;

  constructor(create: () => CredentialProvider | Promise<CredentialProvider>, options: ExperimentOptions) {
    this.#create = create;
    this.#options = options;
  }

  async firstMints(): Promise<FirstMints> {
    return this.#with(async provider => {
      const { clock } = this.#options;
      const timersBefore = timersOn(clock);
      const counter = countCalls(provider);
      const sessionId = this.#session();
      const mint = (attempt: number, when: string) =>
        this.#mint(provider, { sessionId, attempt }, when, undefined, false);
      const first = await mint(1, 'mint()');
      const isMinted = first.seen.kind === 'resolved';
      const second = isMinted ? await mint(2, 'a second mint()') : undefined;
      const ownCalls = counter?.stop();
      const timersAfter = timersOn(clock);
      // Not before: the timers of a revoke are its own matter.
      await Promise.all(
        [first, second].map((one, index) => this.#giveBack(provider, { sessionId, attempt: index + 1 }, one?.atFirst)),
      );
      return {
        first,
        second,
        ownCalls: ownCalls === undefined ? undefined : ownCalls - (second === undefined ? 1 : 2),
        timersLeft: timersBefore === undefined || timersAfter === undefined ? undefined : timersAfter - timersBefore,
      };
    });
  }

  /** A mint whose signal has aborted already, or aborts right after the call. */
  async abortedMint(when: 'before' | 'during'): Promise<MintSeen> {
    return this.#with(provider => {
      const words = when === 'before' ? 'mint() with an aborted signal' : 'mint() whose signal aborted meanwhile';
      return this.#mint(provider, { sessionId: this.#session(), attempt: 1 }, words, when);
    });
  }

  /** Three mints at once, the middle one aborted. */
  async mintsSideBySide(): Promise<readonly [MintSeen, MintSeen, MintSeen]> {
    return this.#with(async provider => {
      const mint = (abort?: 'during') =>
        this.#mint(
          provider,
          { sessionId: this.#session(), attempt: 1 },
          `mint() beside others${abort === undefined ? '' : ', aborted'}`,
          abort,
        );
      return Promise.all([mint(), mint('during'), mint()]);
    });
  }

  async failedMint(create: () => CredentialProvider | Promise<CredentialProvider>): Promise<MintSeen> {
    return this.#with(
      provider => this.#mint(provider, { sessionId: this.#session(), attempt: 1 }, 'mint() of the failing provider'),
      create,
    );
  }

  /** Revokes the same credential twice. */
  async revocations(): Promise<Revocations | undefined> {
    return this.#withCredential(async (provider, known) => {
      const once = await this.#revoke(provider, known, 'revoke()');
      const again = once.kind === 'resolved' ? await this.#revoke(provider, known, 'revoke() once more') : once;
      return { once, again };
    });
  }

  /** Revokes a credential that the provider has never seen. */
  async revocationOfUnknown(): Promise<Seen | undefined> {
    return this.#with(async provider => {
      if (provider.revoke === undefined) return undefined;
      const secret = new Secret('never-minted-here');
      const unknown = { sessionId: this.#session(), attempt: 7, id: undefined, secret };
      return this.#revoke(provider, unknown, 'revoke() of an unknown credential');
    });
  }

  /** Revokes with a signal that has aborted already, and with one that aborts right after the call; `words` say which. */
  async abortedRevocations(): Promise<readonly { readonly words: string; readonly seen: Seen }[] | undefined> {
    return this.#withCredential(async (provider, known) => {
      const before = await this.#revoke(provider, known, 'revoke() with an aborted signal', 'before');
      const during = await this.#revoke(provider, known, 'revoke() whose signal aborted meanwhile', 'during');
      await this.#giveBack(provider, known, { secret: known.secret.reveal(), id: known.id });
      return [
        { words: 'it was called with an aborted signal', seen: before },
        { words: 'its signal aborted', seen: during },
      ];
    });
  }

  /** With a credential that was not given back, where the provider can revoke. */
  async #withCredential<T>(
    work: (provider: CredentialProvider, known: Omit<RevokeRequest, 'signal'>) => Promise<T>,
  ): Promise<T | undefined> {
    return this.#with(async provider => {
      if (provider.revoke === undefined) return undefined;
      const sessionId = this.#session();
      const { seen } = await this.#mint(provider, { sessionId, attempt: 1 }, 'mint()', undefined, false);
      if (seen.kind !== 'resolved') return undefined;
      const { secret, id } = read(seen.value, this.#options.clock);
      return work(provider, { sessionId, attempt: 1, id: asText(id), secret: new Secret(asText(secret) ?? '') });
    });
  }

  async #with<T>(work: (provider: CredentialProvider) => Promise<T>, create = this.#create): Promise<T> {
    const provider = await create();
    try {
      return await work(provider);
    } finally {
      await this.#options.close?.(provider);
    }
  }

  #session(): string {
    this.#sessions += 1;
    return `contract-${this.#sessions}`;
  }

  async #mint(
    provider: CredentialProvider,
    ids: { readonly sessionId: string; readonly attempt: number },
    when: string,
    abort?: 'before' | 'during',
    givesBack = true,
  ): Promise<MintSeen> {
    const { clock, deadlineMs, abortGraceMs } = this.#options;
    const controller = new AbortController();
    if (abort === 'before') controller.abort();
    const request: MintRequest = { ...ids, signal: controller.signal };
    const asked = { ...request };
    const watched: Watched = await watch(clock, abort === undefined ? deadlineMs : abortGraceMs, () => {
      const answer = provider.mint(request);
      if (abort === 'during') controller.abort();
      return answer;
    });
    const { seen } = watched;
    const atFirst = seen.kind === 'resolved' ? read(seen.value, clock) : undefined;
    const secret = asText(atFirst?.secret);
    if (secret !== undefined) this.secrets.add(secret);
    if (seen.kind === 'rejected') this.rejections.push({ when, error: seen.error });
    controller.abort();
    await pause(clock, seen.kind === 'pending' ? abortGraceMs : WATCH_MS);
    const later = seen.kind === 'resolved' ? read(seen.value, clock) : undefined;
    const isRequestChanged =
      Object.keys(request).length !== 3 ||
      Object.entries(asked).some(([key, value]) => Reflect.get(request, key) !== value);
    if (givesBack) await this.#giveBack(provider, ids, atFirst);
    return {
      seen,
      settlements: watched.settlements(),
      atFirst,
      later,
      isRequestChanged,
      isDeafToAbort: seen.kind === 'pending' && watched.settlements() === 0,
    };
  }

  async #revoke(
    provider: CredentialProvider,
    known: Omit<RevokeRequest, 'signal'>,
    when: string,
    abort?: 'before' | 'during',
  ): Promise<Seen> {
    const { clock, deadlineMs, abortGraceMs } = this.#options;
    const controller = new AbortController();
    if (abort === 'before') controller.abort();
    const request: RevokeRequest = { ...known, signal: controller.signal };
    const { seen } = await watch(clock, abort === undefined ? deadlineMs : abortGraceMs, () => {
      const answer = provider.revoke?.(request);
      if (abort === 'during') controller.abort();
      return answer;
    });
    if (seen.kind === 'rejected') this.rejections.push({ when, error: seen.error });
    return seen;
  }

  /** Leaves nothing at the service. Whether that works is judged elsewhere. */
  async #giveBack(
    provider: CredentialProvider,
    { sessionId, attempt }: { readonly sessionId: string; readonly attempt: number },
    answer: Pick<Answer, 'secret' | 'id'> | undefined,
  ): Promise<void> {
    const secret = asText(answer?.secret);
    if (provider.revoke === undefined || secret === undefined) return;
    const { signal } = new AbortController();
    const request = { sessionId, attempt, id: asText(answer?.id), secret: new Secret(secret), signal };
    await watch(this.#options.clock, this.#options.abortGraceMs, () => revokeUncounted(provider, request));
  }
}
