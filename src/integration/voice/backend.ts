import type { Clock, Logger } from '../../actors/ports.ts';
import { createEphemeralKeyServiceFromEnv } from '../../services/ephemeral-key-env.ts';
import { createEphemeralKeyService } from '../../services/ephemeral-key-service.ts';
import type { EphemeralKeyService } from '../../services/key-types.ts';
import { createRealtimeService, type RealtimeService } from '../realtime/index.ts';

/** Life of the local service's keys: short, so that renewals can be watched. */
const LOCAL_KEY_TTL_SECONDS = 4;

/** About what a provider's service takes, so that a renewal lasts long enough to be seen. */
const LOCAL_MINT_MS = 250;

const LOCAL_MODEL = 'gpt-realtime';

/** Variables that point at a real service. */
const PROVIDER_VARIABLES = ['AZURE_OPENAI_ENDPOINT', 'AZURE_OPENAI_API_KEY', 'OPENAI_API_KEY'] as const;

/** Where keys come from and voice goes to. */
export interface VoiceBackend {
  readonly name: 'local' | 'provider';
  readonly keys: EphemeralKeyService;
  /** WebSocket address, without the model. */
  readonly url: string;
  readonly model: string;
  /** The local service, if that is what voice goes to. It returns every frame as it came. */
  readonly service: RealtimeService | undefined;
  close(): Promise<void>;
}

/**
 * The real service if the environment points at one (`AZURE_OPENAI_*` or `OPENAI_API_KEY`), else the local one.
 *
 * @throws SessionchartError where a variable is missing or wrong.
 */
export async function voiceBackend(
  env: Readonly<Record<string, string | undefined>>,
  clock: Clock,
  logger: Logger,
): Promise<VoiceBackend> {
  if (PROVIDER_VARIABLES.some(name => (env[name] ?? '').trim() !== '')) {
    const keys = createEphemeralKeyServiceFromEnv(env, { clock, logger });
    await keys.initialize();
    const url = new URL(keys.websocketUrl);
    const model = url.searchParams.get('model') ?? url.searchParams.get('deployment') ?? '';
    url.searchParams.delete('model');
    return { name: 'provider', keys, url: url.href, model, service: undefined, close: async () => keys.dispose() };
  }
  const service = await createRealtimeService({
    clock,
    keyTtlSeconds: LOCAL_KEY_TTL_SECONDS,
    mintLatencyMs: LOCAL_MINT_MS,
    logger,
  });
  const keys = createEphemeralKeyService({
    contract: 'openai',
    endpoint: `${service.url}/v1`,
    apiKey: service.apiKey,
    model: LOCAL_MODEL,
    clock,
    logger,
  });
  await keys.initialize();
  return {
    name: 'local',
    keys,
    url: service.wsUrl,
    model: LOCAL_MODEL,
    service,
    async close() {
      keys.dispose();
      await service.close();
    },
  };
}
