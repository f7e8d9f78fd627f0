import { OpenAIRealtimeWebSocket as AgentsTransport, RealtimeAgent, RealtimeSession } from '@openai/agents-realtime';
import { expect, it } from 'vitest';
import { createEphemeralKeyService, createSessionManager } from '../../../src/index.ts';
import { createRealtimeService } from '../../../src/integration/realtime/index.ts';
import { VirtualClock } from '../../../src/integration/testing/virtual-clock.ts';

const FRAME = new Uint8Array(960).fill(7);

it('[SES-13] the official agents SDK holds its session on a key from credentialFor, through a renewal of that key', async () => {
  const clock = new VirtualClock();
  await using service = await createRealtimeService({ clock, keyTtlSeconds: 60 });
  const keys = createEphemeralKeyService({
    contract: 'openai',
    endpoint: `${service.url}/v1`,
    apiKey: service.apiKey,
    clock,
  });
  await keys.initialize();
  const manager = createSessionManager({ credentials: keys, clock });
  await manager.initialize();
  const { sessionId } = await manager.startSession();
  const key = (): string => manager.credentialFor(sessionId)?.reveal() ?? '';

  const connect = async (): Promise<RealtimeSession> => {
    const session = new RealtimeSession(new RealtimeAgent({ name: 'echo', instructions: 'Repeat.' }), {
      transport: new AgentsTransport({ url: `${service.wsUrl}?model=gpt-realtime` }),
      tracingDisabled: true,
    });
    const updated = new Promise<void>(resolve => {
      session.transport.on('session.updated', event => {
        if (event.session.instructions === 'Repeat.') resolve();
      });
    });
    await session.connect({ apiKey: async () => key() });
    await updated;
    return session;
  };
  const speak = async (session: RealtimeSession): Promise<Buffer> => {
    const heard = new Promise<Buffer>(resolve => session.once('audio', ({ data }) => resolve(Buffer.from(data))));
    session.sendAudio(FRAME.slice().buffer);
    return heard;
  };

  const session = await connect();
  expect(await speak(session)).toEqual(Buffer.from(FRAME));
  const first = key();
  clock.advanceSync(30_000);
  expect(await manager.renewSession(sessionId)).toMatchObject({ success: true });
  expect(key()).not.toBe(first);
  expect(await speak(session)).toEqual(Buffer.from(FRAME));
  clock.advanceSync(15_000);

  // The renewed key opens another connection, although the first one is about to expire.
  const second = await connect();
  expect(await speak(second)).toEqual(Buffer.from(FRAME));
  expect(service.stats()).toMatchObject({ minted: 2, connections: 2 });

  session.close();
  second.close();
  const end = manager.endSession(sessionId);
  await clock.advance(0);
  await end;
  await manager[Symbol.asyncDispose]();
  keys.dispose();
});
