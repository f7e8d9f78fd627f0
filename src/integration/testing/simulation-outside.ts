import type {
  CredentialProvider,
  Logger,
  MintedCredential,
  MintRequest,
  RevokeRequest,
  SessionDriver,
} from '../../actors/ports.ts';
import type { PrivacyController } from '../../services/privacy.ts';
import type { ConversationLifecycleHooks, SessionInfo } from '../../services/session-api.ts';
import type { SeededRandom } from './random.ts';
import { Story } from './simulation-story.ts';
import { CANARY, type SimulationWorld } from './simulation-world.ts';

/** What makes a careless error: the secret is in every part of it. */
const leaky = (shape: Record<string, unknown>): Error =>
  Object.assign(new Error(`refused ${CANARY}`), { headers: { authorization: CANARY }, ...shape });

const never = (): Promise<never> => new Promise(() => undefined);

/** Longest time for which a drawn provider asks to be left alone, ms. */
const LONGEST_RETRY_AFTER_MS = 300_000;
/** Two attempts of one session to mint are never closer than this, ms. */
const MINT_FLOOR_MS = 1_000;

/** Everything that stands around the manager of a run, as the seed drew it: each part may fail, hang, be late or call back. */
export class Outside {
  readonly #world: SimulationWorld;
  readonly #react: () => void;
  readonly #provider: CredentialProvider;
  readonly #random: SeededRandom;

  /** @param react lets a collaborator call the manager back, now and then. */
  constructor(world: SimulationWorld, provider: CredentialProvider | undefined, react: () => void) {
    this.#world = world;
    this.#react = react;
    this.#random = world.random.fork('outside');
    this.#provider = provider ?? this.#drawnProvider(world.random.fork('provider'));
  }

  /** The provider, with every credential that comes and goes noted. */
  get credentials(): CredentialProvider {
    const provider = this.#provider;
    return {
      mint: request => this.#mint(request),
      ...(provider.revoke === undefined ? {} : { revoke: request => this.#revoke(request) }),
    };
  }

  get driver(): Pick<SessionDriver, 'open' | 'close' | 'probe'> {
    const { channel, probe } = this.#world.plan.has;
    return {
      ...(channel && {
        open: async ({ sessionId, attempt }) => {
          this.#react();
          await this.#trouble('open', 12_000);
          this.#story(sessionId).channels.add(attempt);
          if (!this.#random.chance(0.2)) return undefined;
          const capAt = this.#world.clock.outside.now() + Math.round(this.#random.spread(1_000, 40 * 3_600_000));
          this.#story(sessionId).capped(capAt, false);
          return { expiresAt: capAt - this.#world.clock.outside.now() + this.#world.clock.wall() };
        },
        close: async ({ sessionId, attempt }) => {
          const { channels } = this.#story(sessionId);
          if (attempt === undefined) channels.clear();
          else channels.delete(attempt);
          this.#react();
          await this.#trouble('close', 2_000);
        },
      }),
      ...(probe && {
        probe: async () => {
          this.#react();
          await this.#trouble('probe', 100_000);
        },
      }),
    };
  }

  get hooks(): ConversationLifecycleHooks {
    const hook = (name: string, note: (story: Story) => void) => async (session: SessionInfo) => {
      note(this.#story(session.sessionId));
      this.#world.write(`${name} ${session.sessionId}`);
      this.#react();
      await this.#trouble(name, 2_000);
    };
    return {
      onSessionReady: hook('onSessionReady', () => undefined),
      onSessionSuspending: hook('onSessionSuspending', story => {
        if (story.isSuspended) this.#world.broken('hooks', `${story.sessionId} was suspended twice`);
        story.isSuspended = true;
      }),
      onSessionResumed: hook('onSessionResumed', story => {
        if (!story.isSuspended) this.#world.broken('hooks', `${story.sessionId} was resumed, but not suspended`);
        story.isSuspended = false;
      }),
      onSessionEnding: hook('onSessionEnding', story => {
        story.isSuspended = false;
      }),
    };
  }

  get privacy(): PrivacyController {
    return {
      issuePurge: async ({ correlationId, target }) => {
        if (correlationId !== undefined) this.#story(correlationId).purges += 1;
        this.#react();
        await this.#trouble('purge', 2_000);
        const status = this.#random.chance(0.9) ? 'success' : 'partial';
        return { target, status, clearedCount: 1, retainedCount: 0 };
      },
    };
  }

  get logger(): Logger {
    const log = (message: string, data?: unknown): void => {
      if (this.#world.plan.has.canary) this.#world.lookFor(CANARY, [message, data]);
      if (this.#random.chance(this.#world.plan.trouble / 10)) throw new Error('the logger is broken');
    };
    return { error: log, warn: log, info: log, debug: log };
  }

  /** A listener that does what listeners should not. */
  readonly listener = async (): Promise<void> => {
    this.#react();
    await this.#trouble('listener', 2_000);
  };

  #story(sessionId: string): Story {
    const known = this.#world.stories.get(sessionId);
    if (known !== undefined) return known;
    const story = new Story(sessionId, this.#world.clock.outside.now());
    this.#world.stories.set(sessionId, story);
    return story;
  }

  async #mint(request: MintRequest): Promise<MintedCredential> {
    const { sessionId, attempt } = request;
    const story = this.#story(sessionId);
    const now = this.#world.clock.outside.now();
    this.#world.mints += 1;
    this.#world.write(`mint ${sessionId} ${attempt}`);
    if (story.lastMintAt !== undefined && now - story.lastMintAt < MINT_FLOOR_MS) {
      this.#world.broken('mint-floor', `${sessionId} minted again after ${now - story.lastMintAt} ms`);
    }
    story.lastMintAt = now;
    story.mints += 1;
    this.#react();
    const minted = await this.#provider.mint(request);
    let secret: unknown;
    try {
      secret = minted?.secret;
    } catch {
      // An answer that cannot be read holds nothing that could be given back.
    }
    if (typeof secret === 'string' && secret.trim() !== '') story.held.add(attempt);
    return minted;
  }

  async #revoke(request: RevokeRequest): Promise<void> {
    const { sessionId, attempt } = request;
    if (!this.#story(sessionId).held.delete(attempt)) {
      this.#world.broken('balance', `${sessionId} gave the credential of attempt ${attempt} back, but did not hold it`);
    }
    this.#world.write(`revoke ${sessionId} ${attempt}`);
    this.#react();
    await this.#provider.revoke?.(request);
  }

  #drawnProvider(random: SeededRandom): CredentialProvider {
    const { plan, clock } = this.#world;
    const wait = (ms: number) => new Promise<void>(resolve => clock.outside.setTimeout(resolve, ms));
    let made = 0;
    const good = ({ sessionId }: MintRequest): MintedCredential => {
      made += 1;
      const expiresAt = clock.wall() + Math.round(random.spread(...plan.livesMs));
      const id = random.chance(0.5) ? { id: `lease ${made}` } : {};
      return {
        secret: `${CANARY}_${sessionId}_${made}`,
        expiresAt: random.chance(0.1) ? new Date(expiresAt) : expiresAt,
        ...id,
      };
    };
    const junk = (request: MintRequest): unknown =>
      random.pick<() => unknown>([
        () => null,
        () => 'a text',
        () => ({}),
        () => ({ secret: '', expiresAt: clock.wall() + 60_000 }),
        () => ({ secret: good(request).secret }),
        () => ({ ...good(request), expiresAt: clock.wall() - 1 }),
        () => ({ ...good(request), expiresAt: clock.wall() + 1_999 }),
        () => ({ ...good(request), expiresAt: Number.NaN }),
        () => ({ ...good(request), expiresAt: Number.MAX_VALUE }),
        () => ({
          get secret(): never {
            throw leaky({});
          },
        }),
      ])();
    const fails = ({ sessionId }: MintRequest): never => {
      this.#story(sessionId).askedToWaitMs = LONGEST_RETRY_AFTER_MS;
      throw random.pick<() => unknown>([
        () => leaky({ status: 500 }),
        () => leaky({ status: 503, code: CANARY }),
        () => leaky({ status: 429, retryAfterMs: Math.round(random.spread(1, LONGEST_RETRY_AFTER_MS)) }),
        () => leaky({ status: 429, headers: { 'retry-after': String(random.integer(0, 200)) } }),
        () => leaky({ code: 'ECONNRESET' }),
        () => leaky({ name: 'TimeoutError' }),
        () => leaky({ status: 401 }),
        () => 'a text that was thrown',
        () => undefined,
      ])();
    };
    const revoke = async (): Promise<void> => {
      await this.#trouble('revoke', 2_000);
    };
    return {
      mint: async request => {
        if (random.chance(0.3)) await wait(Math.round(random.spread(1, 2_000)));
        if (!random.chance(plan.trouble)) return good(request);
        switch (random.weighted({ fails: 6, late: 3, hangs: 1, junk: 2, lateFailure: 1 })) {
          case 'fails':
            return fails(request);
          case 'late':
            await wait(Math.round(random.spread(500, 30_000)));
            return good(request);
          case 'hangs':
            return never();
          case 'lateFailure':
            await wait(Math.round(random.spread(500, 30_000)));
            return fails(request);
          case 'junk':
            return junk(request) as MintedCredential;
        }
      },
      ...(plan.has.revoke ? { revoke } : {}),
    };
  }

  /** Most calls go well at once; some are late, fail, or never come back. */
  async #trouble(what: string, longestMs: number): Promise<void> {
    const random = this.#random;
    if (!random.chance(this.#world.plan.trouble)) return;
    switch (random.weighted({ fails: 3, late: 4, hangs: 1 })) {
      case 'fails':
        throw random.chance(0.8) ? leaky({ status: 500 }) : what;
      case 'late':
        await new Promise<void>(resolve => {
          this.#world.clock.outside.setTimeout(resolve, Math.round(random.spread(1, longestMs)));
        });
        return;
      case 'hangs':
        await never();
    }
  }
}
