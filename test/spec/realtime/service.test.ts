import { spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { get } from 'node:https';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { selfSignedCertificate } from '../../../src/integration/realtime/certificate.ts';
import { createRealtimeService } from '../../../src/integration/realtime/index.ts';
import { VirtualClock } from '../../../src/integration/testing/virtual-clock.ts';
import { connectRaw, GA, mintKey, post, RawClient, recordingLogger, refusedHandshake, services } from './support.ts';

const started = services();

const audio = (bytes: number, first = 0): string => Buffer.alloc(bytes, first).toString('base64');
const append = (base64: string) => ({ type: 'input_audio_buffer.append', audio: base64 });

describe('faults of connections', () => {
  it('[RTS-19] a handshake can be refused, delayed and left hanging', async () => {
    const clock = new VirtualClock();
    const service = await started({ clock });
    service.faults.add({ on: 'connect', respond: { status: 429, retryAfterMs: 500 } });
    const refused = await refusedHandshake(service);
    expect(refused.status).toBe(429);
    expect(refused.headers['retry-after-ms']).toBe('500');
    service.faults.add({ on: 'connect', delayMs: 1_000 });
    const late = new RawClient(service);
    while (clock.pending === 0) await new Promise(resolve => setImmediate(resolve));
    while (service.faults.pending > 0) await new Promise(resolve => setImmediate(resolve));
    await clock.advance(1_000);
    await late.until('session.created');
    service.faults.add({ on: 'connect', hang: true });
    const hung = new RawClient(service);
    while (service.faults.pending > 0) await new Promise(resolve => setImmediate(resolve));
    expect(hung.socket.readyState).toBe(hung.socket.CONNECTING);
    hung.socket.terminate();
    await hung.closed;
  });

  it('[RTS-19] a connection is closed after so many frames, with code and reason', async () => {
    const service = await started();
    service.faults.add({ on: 'socket', close: { code: 1011, reason: 'told to' }, afterFrames: 3 });
    const client = await connectRaw(service);
    for (let n = 0; n < 3; n += 1) client.send(append(audio(2, n)));
    const { types } = await client.until('response.output_audio.delta');
    expect(types.at(-1)).toBe('response.output_audio.delta');
    expect(await client.closed).toEqual({ code: 1011, reason: 'told to' });
    expect(service.stats().framesIn).toBe(3);
  });

  it('[RTS-19] one connection uses up one fault, however many frames it had under way', async () => {
    const service = await started();
    service.faults.add({ on: 'socket', close: { code: 4001 }, afterFrames: 1, times: 2 });
    for (const left of [1, 0]) {
      const client = await connectRaw(service);
      for (let n = 0; n < 20; n += 1) client.send(append(audio(2)));
      expect((await client.closed).code).toBe(4001);
      expect(service.faults.pending).toBe(left);
    }
  });

  it('[RTS-19] afterFrames 0 strikes right after session.created, and a live connection at its next frame', async () => {
    const service = await started();
    const live = await connectRaw(service);
    service.faults.add({ on: 'socket', close: { code: 4000 } });
    live.send(append(audio(2)));
    expect((await live.closed).code).toBe(4000);
    service.faults.add({ on: 'socket', close: { code: 1006 } });
    const fresh = new RawClient(service);
    expect((await fresh.closed).code).toBe(1006);
  });

  it('[RTS-19] a stalled connection stays up, answers nothing and no ping', async () => {
    const service = await started();
    const stalled = await connectRaw(service);
    const other = await connectRaw(service);
    service.faults.add({ on: 'socket', stall: true });
    stalled.send(append(audio(2)));
    let answered = false;
    stalled.socket.on('pong', () => {
      answered = true;
    });
    stalled.socket.ping();
    while (service.faults.pending > 0) await new Promise(resolve => setImmediate(resolve));
    // A round trip over another connection of the same service: by then an answer would have come.
    const ponged = once(other.socket, 'pong');
    other.socket.ping();
    await ponged;
    expect(answered).toBe(false);
    expect(service.stats().connections).toBe(2);
    stalled.socket.close();
    expect((await stalled.closed).code).toBe(1005);
  });
});

describe('the service as a whole', () => {
  it('[RTS-20] close() ends every connection, leaves no timer and no socket, and may be called again', async () => {
    const clock = new VirtualClock();
    const service = await createRealtimeService({ clock, faults: [{ on: 'mint', delayMs: 60_000 }] });
    const clients = [await connectRaw(service), await connectRaw(service)];
    const waiting = post(service, GA).catch((error: unknown) => error);
    while (service.faults.pending > 0) await new Promise(resolve => setImmediate(resolve));
    expect(clock.pending).toBe(3);
    const idle = connect(Number(new URL(service.url).port), '127.0.0.1');
    await once(idle, 'connect');
    await Promise.all([service.close(), service.close()]);
    for (const client of clients) expect((await client.closed).code).toBe(1006);
    expect(await waiting).toBeInstanceOf(Error);
    if (!idle.closed) await once(idle, 'close');
    expect(clock.pending).toBe(0);
    expect(service.stats().connections).toBe(0);
    await expect(fetch(service.url)).rejects.toThrow();
    await service.close();
  });

  it('[RTS-20] a process that closes what it opened exits by itself, with nothing left', async () => {
    const entry = new URL('../../../src/integration/realtime/index.ts', import.meta.url);
    const program = `
      const { createRealtimeService, openRealtimeConnection } = await import(${JSON.stringify(entry.href)});
      const before = process.getActiveResourcesInfo().length;
      const service = await createRealtimeService({ sessionCapSeconds: 3600 });
      const mint = await fetch(service.url + '/v1/realtime/client_secrets', {
        method: 'POST', headers: { 'api-key': service.apiKey.reveal() }, body: '{}' });
      await mint.text();
      const options = { url: service.wsUrl, model: 'm', credential: service.apiKey };
      const [closed, kept] = [await openRealtimeConnection(options), await openRealtimeConnection(options)];
      await closed.close();
      await service.close();
      await new Promise(resolve => setImmediate(resolve));
      const left = process.getActiveResourcesInfo();
      process.stdout.write(JSON.stringify({ left: left.slice(before), open: kept.isOpen }));`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.on('data', text => {
      output += text;
    });
    const [code] = await once(child, 'close');
    expect(code).toBe(0);
    const { left, open: isOpen } = JSON.parse(output);
    expect(left.filter((kind: string) => /TCP|TLS|Timeout/.test(kind))).toEqual([]);
    expect(isOpen).toBe(false);
  });

  it('[RTS-20] it can be used with `await using`', async () => {
    let url = '';
    {
      await using service = await createRealtimeService();
      url = service.url;
      expect((await post(service, GA)).status).toBe(200);
    }
    await expect(fetch(url)).rejects.toThrow();
  });

  it('[RTS-21] no key is in the log, in an error body, or in what the service prints as', async () => {
    const logger = recordingLogger();
    const apiKey = 'CANARY-api-key-0123456789';
    const service = await started({ apiKeys: [apiKey], logger, rateLimit: { requests: 1, perSeconds: 60 } });
    const { value } = await mintKey(service);
    const told: string[] = [];
    const bad = 'CANARY-wrong-key';
    for (const [path, body] of [
      [GA, {}],
      [`${GA}?api-key=${apiKey}`, { session: { type: bad } }],
      ['/openai/v1/realtime/client_secrets', {}],
    ] as const) {
      told.push(await (await post(service, path, { body, headers: { 'api-key': bad } })).text());
      told.push(await (await post(service, path, { body })).text());
    }
    const way = { protocols: ['realtime', `openai-insecure-api-key.${bad}`] };
    const refused = await refusedHandshake(service, way);
    told.push(refused.body, JSON.stringify(refused.headers));
    const client = await connectRaw(service, { path: `/v1/realtime?model=m&api-key=${value}`, headers: {} });
    client.send({ type: value });
    told.push(JSON.stringify((await client.until('error')).event));
    client.socket.close();
    await client.closed;
    told.push(logger.text, JSON.stringify(service), String(service.apiKey), JSON.stringify(service.stats()));
    const all = told.join('\n');
    for (const secret of [apiKey, value, bad]) expect(all).not.toContain(secret);
    expect(logger.text).toContain('key minted');
    expect(logger.text).toContain('refused');
  });

  it('[RTS-22] one port serves http and https; the certificate is trusted by naming it', async () => {
    const service = await started();
    const status = await new Promise<number | undefined>((resolve, reject) => {
      get(service.secureUrl, { ca: service.certificate }, response => {
        response.resume();
        resolve(response.statusCode);
      }).on('error', reject);
    });
    expect(status).toBe(404);
    expect((await fetch(service.url)).status).toBe(404);
    const untrusted = new Promise((_resolve, reject) => get(service.secureUrl).on('error', reject));
    await expect(untrusted).rejects.toThrow(/self-signed/i);
  });

  it('[RTS-22] every certificate is well-formed, whatever the length of its signature', () => {
    const seen = new Set<number>();
    for (let n = 0; n < 60; n += 1) {
      const { certificatePem } = selfSignedCertificate();
      const certificate = new X509Certificate(certificatePem);
      seen.add(certificate.raw.length);
      expect(certificate.verify(certificate.publicKey)).toBe(true);
      expect(certificate.checkIP('127.0.0.1')).toBe('127.0.0.1');
      expect(certificate.checkHost('localhost')).toBe('localhost');
      expect(certificatePem).not.toMatch(/\n\n/);
    }
    expect(seen.size).toBeGreaterThan(1);
  });
});
