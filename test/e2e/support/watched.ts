import { createInspector, type Inspector } from '../../../src/integration/inspect/index.ts';
import { createSessionManager, type SessionManager } from '../../../src/services/session-manager.ts';
import type { SessionManagerOptions } from '../../../src/services/session-manager-options.ts';

/** A secret that must not be seen anywhere. */
export const CANARY = 'ek_canary_0123456789abcdef';

const KEY_LIFE_MS = 3_600_000;

/** A manager with its inspector, and a provider that answers when it is let. */
export interface Watched extends AsyncDisposable {
  readonly manager: SessionManager;
  readonly inspector: Inspector;
  /** From now on a mint waits until the returned function is called. */
  hold(): () => void;
}

export async function watched(
  options: Partial<SessionManagerOptions> = {},
  inspect: Parameters<typeof createInspector>[0] = {},
): Promise<Watched> {
  let gate = Promise.resolve();
  let count = 0;
  const manager = createSessionManager({
    credentials: {
      async mint() {
        await gate;
        return { secret: `${CANARY}_${count++}`, expiresAt: Date.now() + KEY_LIFE_MS };
      },
    },
    ...options,
  });
  await manager.initialize();
  const inspector = await createInspector({ allowSend: true, title: 'Under test', ...inspect });
  inspector.attach(manager, 'sessions');
  return {
    manager,
    inspector,
    hold() {
      const { promise, resolve } = Promise.withResolvers<void>();
      gate = promise;
      return resolve;
    },
    async [Symbol.asyncDispose]() {
      await inspector.close();
      await manager[Symbol.asyncDispose]();
    },
  };
}
