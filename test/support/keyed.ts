import { assertNoResidue } from '../../src/integration/testing/residue.ts';
import { VirtualClock } from '../../src/integration/testing/virtual-clock.ts';
import { createEphemeralKeyService } from '../../src/services/ephemeral-key-service.ts';
import type { EphemeralKeyServiceOptions } from '../../src/services/key-options.ts';
import type { EphemeralKeyService } from '../../src/services/key-types.ts';
import { createRecoveryExecutor, type RunningRecoveryExecutor } from '../../src/services/recovery-executor.ts';
import { createSessionManager } from '../../src/services/session-manager.ts';
import type { SessionManagerOptions } from '../../src/services/session-manager-options.ts';
import { KeptLog, keepEvents, type Managed, SECOND } from './managed.ts';

/** A request as the endpoint saw it. */
export interface HttpCall {
  readonly url: string;
  /** When it came, on the session's clock. */
  readonly at: number;
  readonly signal: AbortSignal;
}

/** What an endpoint does with a request; `nth` counts from 1. */
export type HttpAnswer = (call: HttpCall, clock: VirtualClock, nth: number) => Promise<Response>;

/** 200 with a key of this life, as OpenAI and Azure GA write it. */
export const GRANTS =
  (lifeMs = 60 * SECOND, sessionId?: string): HttpAnswer =>
  async (_, clock, nth) =>
    Response.json({
      value: `ek_key_${nth}`,
      expires_at: (clock.wall() + lifeMs) / 1_000,
      session: { id: sessionId ?? `sess_${nth}` },
    });

/** Any other answer. */
export const SAYS =
  (status: number, headers: Record<string, string> = {}, body: unknown = { error: { message: 'no', code: null } }) =>
  async (): Promise<Response> =>
    new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json', ...headers } });

/** Never answers; gives up only when the caller does. */
export const SILENT: HttpAnswer = ({ signal }) =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));

/** The connection cannot be made, as `fetch` tells it. */
export const UNREACHABLE =
  (code = 'ENOTFOUND'): HttpAnswer =>
  async () => {
    throw Object.assign(new TypeError('fetch failed'), { cause: Object.assign(new Error('lookup'), { code }) });
  };

/** An HTTP endpoint that does as it is told, and remembers everything. */
export class FakeEndpoint {
  readonly #clock: VirtualClock;
  readonly #script: HttpAnswer[] = [];
  usual: HttpAnswer = GRANTS();
  readonly calls: HttpCall[] = [];

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  /** The next requests are answered like this, one after the other; then as usual. */
  next(...answers: HttpAnswer[]): this {
    this.#script.push(...answers);
    return this;
  }

  readonly fetch: typeof globalThis.fetch = async (input, init) => {
    const call = {
      url: String(input),
      at: this.#clock.now(),
      signal: init?.signal ?? new AbortController().signal,
    };
    this.calls.push(call);
    return (this.#script.shift() ?? this.usual)(call, this.#clock, this.calls.length);
  };
}

export interface Keyed extends Omit<Managed, 'provider'> {
  readonly endpoint: FakeEndpoint;
  readonly keys: EphemeralKeyService;
  /** The real one; installed only if `recovery` was asked for. */
  readonly executor: RunningRecoveryExecutor;
}

type KeyedOptions = Omit<Partial<SessionManagerOptions>, 'recovery'> & {
  readonly recovery?: boolean;
  readonly keys?: Partial<EphemeralKeyServiceOptions>;
};

/** An initialised manager over the real key service, whose endpoint does as it is told; if asked, with recovery. */
export async function keyed({ recovery = false, keys: more, ...options }: KeyedOptions = {}): Promise<Keyed> {
  const clock = new VirtualClock();
  const endpoint = new FakeEndpoint(clock);
  const log = new KeptLog();
  const executor = createRecoveryExecutor({ clock, logger: log });
  const { fetch } = endpoint;
  const keys = createEphemeralKeyService({ contract: 'openai', apiKey: 'sk-any', clock, fetch, logger: log, ...more });
  await keys.initialize();
  const manager = createSessionManager({
    clock,
    credentials: keys,
    logger: log,
    ...(recovery ? { recovery: executor } : {}),
    ...options,
  });
  await manager.initialize();
  return {
    manager,
    clock,
    endpoint,
    keys,
    executor,
    log,
    events: keepEvents(manager),
    settle: () => clock.advance(0),
    async close() {
      manager.dispose();
      await clock.advance(5 * SECOND);
      keys.dispose();
      executor.dispose();
      await clock.advance(0);
      assertNoResidue({ clock, manager, counts: { executions: executor.size } });
    },
  };
}
