import type { Clock } from '../../src/actors/ports.ts';
import type { SimulationInvariantName } from '../../src/integration/testing/simulation-invariants.ts';
import type { SessionErrorEvent, SessionEvent, SessionStateEvent } from '../../src/services/session-api.ts';
import { SessionManager } from '../../src/services/session-manager.ts';
import type { SessionManagerOptions } from '../../src/services/session-manager-options.ts';

type Make = (options: SessionManagerOptions) => SessionManager;
type Handler<E> = (event: E) => Promise<void> | void;

/** A manager whose clock has timers of other lengths. */
const withTimers =
  (lengthOf: (ms: number) => number): Make =>
  options => {
    const { clock } = options as { clock: Clock };
    const warped: Clock = {
      now: () => clock.now(),
      wall: () => clock.wall(),
      setTimeout: (callback, ms) => clock.setTimeout(callback, lengthOf(ms)),
      clearTimeout: handle => clock.clearTimeout(handle),
    };
    return new SessionManager({ ...options, clock: warped });
  };

class Crowded extends SessionManager {
  override getMaxConcurrentSessions = (): number => 1;
}

class EndsTwice extends SessionManager {
  override onSessionEnded(handler: Handler<SessionEvent>) {
    return super.onSessionEnded(async event => {
      await handler(event);
      await handler(event);
    });
  }
}

class SpeaksOfTheDead extends SessionManager {
  override onSessionError(handler: Handler<SessionErrorEvent>) {
    super.onSessionEnded(async ({ sessionId, timestamp }) => {
      const error = { code: 'UNKNOWN_ERROR', message: '', isRetryable: false, remediation: '', timestamp } as const;
      await Promise.resolve();
      await handler({ type: 'renewal-error', sessionId, timestamp, error });
    });
    return super.onSessionError(handler);
  }
}

class SkipsStates extends SessionManager {
  override onSessionStateChanged(handler: Handler<SessionStateEvent>) {
    return super.onSessionStateChanged(event => (event.newState === 'renewing' ? undefined : handler(event)));
  }
}

class TellsAnotherStory extends SessionManager {
  override explain(sessionId: string) {
    const story = super.explain(sessionId);
    return story && { ...story, transitions: story.transitions.map(step => ({ ...step, cause: 'fate' })) };
  }
}

class RefusesToRenew extends SessionManager {
  override renewSession(): Promise<never> {
    return Promise.reject(new Error('renewSession() never rejects, or so they say'));
  }
}

class NeverPauses extends SessionManager {
  override pauseSession(): Promise<void> {
    return new Promise(() => undefined);
  }
}

class EndsLate extends SessionManager {
  readonly #clock: Clock | undefined;
  constructor(options: SessionManagerOptions) {
    super(options);
    this.#clock = options.clock;
  }
  override async endSession(...args: Parameters<SessionManager['endSession']>): Promise<void> {
    await super.endSession(...args);
    await new Promise<void>(resolve => this.#clock?.setTimeout(resolve, 2_500));
  }
}

class Miscounts extends SessionManager {
  override getCredentialCounts() {
    const counts = super.getCredentialCounts();
    return { ...counts, released: counts.released + 1 };
  }
}

class LosesTheKey extends SessionManager {
  override credentialFor(sessionId: string) {
    const info = this.getSessionInfo(sessionId);
    return (info?.statistics.renewalCount ?? 0) > 1 ? undefined : super.credentialFor(sessionId);
  }
}

class EndsEarly extends SessionManager {
  override getSessionConfig(sessionId: string) {
    const config = super.getSessionConfig(sessionId);
    return config && { ...config, inactivityTimeoutMinutes: 2 * config.inactivityTimeoutMinutes };
  }
}

class Talks extends SessionManager {
  override onSessionStarted(handler: Handler<SessionEvent>) {
    return super.onSessionStarted(event => {
      const key = this.credentialFor(event.sessionId)?.reveal();
      return handler(Object.assign({ key }, event));
    });
  }
}

class LeavesATimer extends SessionManager {
  constructor(options: SessionManagerOptions) {
    super(options);
    options.clock?.setTimeout(() => undefined, 1e12);
  }
}

/** One broken manager, or more, for each invariant that the simulation looks at. */
export const PLANTS: Readonly<Record<SimulationInvariantName, Readonly<Record<string, Make>>>> = {
  limit: { 'admits more than it says': options => new Crowded(options) },
  'one-end': { 'tells each end twice': options => new EndsTwice(options) },
  silence: { 'tells of a session that has ended': options => new SpeaksOfTheDead(options) },
  chain: { 'leaves a state out': options => new SkipsStates(options) },
  explain: { 'explains with other causes': options => new TellsAnotherStory(options) },
  answers: {
    'rejects where it never should': options => new RefusesToRenew(options),
    'never answers': options => new NeverPauses(options),
  },
  'end-in-time': { 'ends late': options => new EndsLate(options) },
  progress: { 'has no deadline for a mint': withTimers(ms => (ms === 10_000 ? 100_000 : ms)) },
  patience: { 'gives mints up early': withTimers(ms => (ms === 10_000 ? 10 : ms)) },
  'one-credential': {
    'does not give credentials back': options => {
      const { credentials } = options;
      if (credentials?.revoke === undefined) return new SessionManager(options);
      const keeps = { mint: credentials.mint, revoke: async () => undefined };
      return new SessionManager({ ...options, credentials: keeps });
    },
  },
  balance: {
    'counts wrongly': options => new Miscounts(options),
    'gives credentials back twice': options => {
      const { credentials } = options;
      if (credentials?.revoke === undefined) return new SessionManager(options);
      const { mint, revoke } = credentials;
      const twice = async (request: Parameters<typeof revoke>[0]) => {
        await Promise.allSettled([revoke(request), revoke(request)]);
      };
      return new SessionManager({ ...options, credentials: { mint, revoke: twice } });
    },
  },
  'valid-credential': { 'loses the key of a session': options => new LosesTheKey(options) },
  'mint-floor': {
    'mints twice': options => {
      const { credentials } = options;
      if (credentials === undefined) return new SessionManager(options);
      const { mint, ...rest } = credentials;
      const twice: typeof mint = async request => {
        void mint(request).catch(() => undefined);
        return mint(request);
      };
      return new SessionManager({ ...options, credentials: { ...rest, mint: twice } });
    },
  },
  deadlines: {
    'ends idle sessions early': options => new EndsEarly(options),
    'has slow timers': withTimers(ms => ms * 1.2),
  },
  hooks: {
    'never resumes': options => {
      const { onSessionResumed: _, ...hooks } = options.hooks ?? {};
      return new SessionManager({ ...options, hooks });
    },
    'resumes what was not suspended': options => {
      const { onSessionSuspending: _, ...hooks } = options.hooks ?? {};
      return new SessionManager({ ...options, hooks });
    },
    'forgets to tell the end': options => {
      const { onSessionEnding: _, ...hooks } = options.hooks ?? {};
      return new SessionManager({ ...options, hooks });
    },
  },
  purge: {
    'does not purge': ({ privacy: _, ...options }) => new SessionManager(options),
  },
  channels: {
    'leaves channels open': options => {
      const { close: _, ...driver } = options.driver ?? {};
      return new SessionManager({ ...options, driver });
    },
  },
  secrets: { 'tells the key in an event': options => new Talks(options) },
  residue: { 'leaves a timer': options => new LeavesATimer(options) },
};
