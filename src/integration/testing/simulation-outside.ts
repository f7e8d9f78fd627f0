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
import { drawnProvider, leaky, never } from './simulation-provider.ts';
import type { Story } from './simulation-story.ts';
import { CANARY, type SimulationWorld } from './simulation-world.ts';

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
    this.#provider = provider ?? drawnProvider(world, () => this.#trouble('revoke', 2_000));
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
          this.#world.storyOf(sessionId).channels.add(attempt);
          if (!this.#random.chance(0.2)) return undefined;
          const capAt = this.#world.clock.outside.now() + Math.round(this.#random.spread(1_000, 40 * 3_600_000));
          this.#world.storyOf(sessionId).capped(capAt, false);
          return { expiresAt: capAt - this.#world.clock.outside.now() + this.#world.clock.wall() };
        },
        close: async ({ sessionId, attempt }) => {
          const { channels } = this.#world.storyOf(sessionId);
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
      note(this.#world.storyOf(session.sessionId));
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
        if (correlationId !== undefined) this.#world.storyOf(correlationId).purges += 1;
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

  async #mint(request: MintRequest): Promise<MintedCredential> {
    const { sessionId, attempt } = request;
    const story = this.#world.storyOf(sessionId);
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
    if (!this.#world.storyOf(sessionId).held.delete(attempt)) {
      this.#world.broken('balance', `${sessionId} gave the credential of attempt ${attempt} back, but did not hold it`);
    }
    this.#world.write(`revoke ${sessionId} ${attempt}`);
    this.#react();
    await this.#provider.revoke?.(request);
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
