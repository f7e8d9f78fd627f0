import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createInspector, type InspectorOptions } from '../../../../src/integration/inspect/index.ts';
import { SUBPROTOCOL, TOKEN_PREFIX } from '../../../../src/integration/inspect/page-protocol.ts';
import { ask, errorFrom, inspectors, RawViewer, refusedHandshake, until, welcomed } from './support.ts';

const started = inspectors();
const TOKEN = 'token-MARK-0123456789';
const SHARED = 'vscode-webview://1e2f3a';

describe('options', () => {
  const refusals: [name: string, value: unknown, text: RegExp][] = [
    ['port', 65_536, /65536; allowed: a whole number, 0 to 65535/],
    ['port', '80', /"80"/],
    ['host', '0.0.0.0', /"127\.0\.0\.1", "::1", "localhost"/],
    ['host', '192.168.0.1', /host/],
    ['maxViewers', 0, /1 to 10000/],
    ['token', 'short', /16 to 256/],
    ['token', 'with space 0123456789', /\[redacted\]/],
    ['token', 7, /token is 7/],
    ['title', '', /1 to 100/],
    ['allowSend', 1, /true or false/],
    ['keepAlive', 'no', /true or false/],
    ['redact', {}, /a function/],
    ['allowedOrigins', 'https://a.example', /a list of origins/],
    ['allowedOrigins', ['https://*.example'], /allowedOrigins\[0\]/],
    ['allowedOrigins', ['https://a.example/'], /allowedOrigins\[0\]/],
    ['allowedOrigins', ['null'], /allowedOrigins\[0\]/],
    ['prot', 1, /prot is not a known setting/],
  ];
  it.each(refusals)('[INS-20] %s %j is refused with its name and what is allowed', async (name, value, text) => {
    const error = await errorFrom(() => createInspector({ [name]: value } as InspectorOptions));
    expect(error.code).toBe('INVALID_CONFIG');
    expect(error.message).toMatch(text);
    if (name === 'token') expect(error.message).not.toContain(String(value === 7 ? 'never' : value));
  });

  it('[INS-20] no options at all are no object', async () => {
    expect((await errorFrom(() => createInspector(null as unknown as InspectorOptions))).code).toBe('INVALID_CONFIG');
  });

  it('[INS-20] without a token it makes one of 256 bits, another each time, and puts it in the fragment', async () => {
    const [one, other] = [(await started()).inspector, (await started()).inspector];
    expect(one.token).toMatch(/^[\w-]{43}$/);
    expect(one.token).not.toBe(other.token);
    expect(one.url).toBe(`http://127.0.0.1:${one.port}/#token=${one.token}`);
    const six = (await started({ host: '::1' })).inspector;
    expect(six.url).toBe(`http://[::1]:${six.port}/#token=${six.token}`);
  });

  it('[INS-21] a port that is taken is told as INSPECTOR_UNAVAILABLE, with what to do', async () => {
    const { inspector } = await started();
    const error = await errorFrom(() => createInspector({ port: inspector.port }));
    expect(error).toMatchObject({
      code: 'INSPECTOR_UNAVAILABLE',
      details: { field: 'port', allowed: 'a free port, or 0' },
      message: `The inspector cannot listen on 127.0.0.1:${inspector.port}: EADDRINUSE.`,
    });
  });
});

describe('who may talk to it', () => {
  it('[INS-22] it answers to its own names alone', async () => {
    const { inspector } = await started({ token: TOKEN });
    const { port } = inspector;
    const authorization = `Bearer ${TOKEN}`;
    const statusOf = async (host: string) => {
      const { status } = await ask(inspector, '/api/access', { headers: { host, authorization } });
      const upgrade = { connection: 'Upgrade', upgrade: 'websocket', host, authorization };
      const sent = await refusedHandshake(inspector, { path: '/nowhere', headers: upgrade });
      return [status, sent.status];
    };
    for (const name of ['127.0.0.1', 'localhost', '[::1]'])
      expect(await statusOf(`${name}:${port}`)).toEqual([200, 404]);
    const wrong = ['rebound.example', '127.0.0.1', '127.0.0.1:1', `127.0.0.1.evil.test:${port}`, `LOCALHOST:${port}`];
    for (const host of wrong) expect(await statusOf(host)).toEqual([421, 421]);
  });

  it('[INS-23] an origin is its own or one that is allowed, exactly', async () => {
    const { inspector } = await started({ token: TOKEN, allowedOrigins: [SHARED, 'https://a.example:8443'] });
    const { port } = inspector;
    const wrong = [
      'null',
      'http://a.example:8443',
      'https://a.example',
      'https://a.example:8443.evil.test',
      'https://evil.test',
      'HTTPS://A.EXAMPLE:8443',
      `https://127.0.0.1:${port}`,
      `http://127.0.0.1:${port + 1}`,
      `${SHARED}x`,
    ];
    for (const origin of wrong) {
      expect((await ask(inspector, '/', { headers: { origin } })).status, origin).toBe(403);
      expect((await refusedHandshake(inspector, { headers: { origin } })).status, origin).toBe(403);
    }
    for (const origin of [undefined, `http://localhost:${port}`, SHARED, 'https://a.example:8443']) {
      const viewer = await welcomed(inspector, origin === undefined ? {} : { headers: { origin } });
      viewer.socket.terminate();
    }
  });

  it('[INS-24] the token is taken from Authorization or a subprotocol, never from the address, and comes never back', async () => {
    const { inspector, log } = await started({ token: TOKEN });
    const bearer = { authorization: `Bearer ${TOKEN}` };
    const viewer = await welcomed(inspector, { headers: bearer, protocols: [SUBPROTOCOL] });
    const page = await welcomed(inspector, { protocols: [`${TOKEN_PREFIX}${TOKEN}`, SUBPROTOCOL] });
    const last = await welcomed(inspector, { protocols: [SUBPROTOCOL, `${TOKEN_PREFIX}${TOKEN}`] });
    for (const { socket } of [viewer, page, last]) expect(socket.protocol).toBe(SUBPROTOCOL);
    const refusals = [
      await refusedHandshake(inspector, { path: `/page?token=${TOKEN}`, protocols: [SUBPROTOCOL] }),
      await refusedHandshake(inspector, { path: `/page?token=${TOKEN}` }),
      await refusedHandshake(inspector, { protocols: [SUBPROTOCOL] }),
      await refusedHandshake(inspector, { token: '' }),
      await refusedHandshake(inspector, { token: `${TOKEN}x` }),
      await refusedHandshake(inspector, { token: TOKEN.toUpperCase() }),
      await refusedHandshake(inspector, { headers: { authorization: `Basic ${TOKEN}` }, protocols: [SUBPROTOCOL] }),
      await refusedHandshake(inspector, { headers: bearer, protocols: ['other.protocol'] }),
    ];
    expect(refusals.map(({ status }) => status)).toEqual([400, 400, 401, 401, 401, 401, 401, 400]);
    for (const endpoint of ['/xstate', '/stately']) {
      expect((await refusedHandshake(inspector, { path: `${endpoint}?token=wrong`, protocols: [] })).status).toBe(401);
      const foreign = new RawViewer(inspector, { path: `${endpoint}?token=${TOKEN}`, protocols: [] });
      await new Promise(resolve => foreign.socket.once('open', resolve));
      expect(foreign.socket.protocol).toBe('');
    }
    const said = JSON.stringify([refusals, log.lines, viewer.frames, page.frames]);
    expect(said.toLowerCase()).not.toContain(TOKEN.toLowerCase());
  });

  it('[INS-25] what is refused leaves nothing: no viewer, no timer', async () => {
    const { inspector, clock } = await started({ maxViewers: 1 });
    const refusals = [
      await refusedHandshake(inspector, { path: '/elsewhere' }),
      await refusedHandshake(inspector, { path: '/page/' }),
      await refusedHandshake(inspector, { token: 'wrong-token-0123456' }),
    ];
    expect(refusals.map(({ status }) => status)).toEqual([404, 404, 401]);
    const odd = await ask(inspector, '/page', { headers: { connection: 'Upgrade', upgrade: 'h2c' } });
    expect(odd.status).toBe(400);
    await until(() => clock.pending === 0);
    expect(inspector.viewers).toBe(0);
    const first = new RawViewer(inspector);
    await new Promise(resolve => first.socket.once('open', resolve));
    const armed = clock.pending;
    const full = await refusedHandshake(inspector, {});
    expect([full.status, full.headers['retry-after'], inspector.viewers]).toEqual([503, '5', 1]);
    await until(() => clock.pending === armed);
    first.socket.terminate();
    await first.closed;
    await until(() => inspector.viewers === 0);
    const second = await welcomed(inspector);
    expect(inspector.viewers).toBe(1);
    second.socket.terminate();
  });
});

describe('the page', () => {
  const built = async () => {
    const running = await started({ token: TOKEN, allowedOrigins: [SHARED], title: 'Voice' });
    const { folder } = running;
    mkdirSync(join(folder, 'assets'));
    writeFileSync(join(folder, 'index.html'), '<!doctype html><title>page</title>');
    writeFileSync(join(folder, 'assets/index-B1gx_9Zk.js'), 'export {};');
    writeFileSync(join(folder, 'assets/notes.txt'), 'not of the page');
    writeFileSync(join(folder, '.inputs'), 'stamp');
    mkdirSync(join(folder, '.cache'));
    writeFileSync(join(folder, '.cache/index.html'), 'hidden');
    symlinkSync('/etc/passwd', join(folder, 'passwd.html'));
    return running;
  };

  it('[INS-26] it is served with headers that let it load what is its own, and nothing else', async () => {
    const { inspector } = await built();
    const page = await ask(inspector, '/');
    expect([page.status, page.body]).toEqual([200, '<!doctype html><title>page</title>']);
    expect(page.headers).toMatchObject({
      'cache-control': 'no-cache',
      'content-type': 'text/html; charset=utf-8',
      'content-length': '34',
      'content-security-policy':
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
        `worker-src 'self'; connect-src 'self' ws://127.0.0.1:${inspector.port}; base-uri 'none'; form-action 'none'; ` +
        "frame-ancestors 'none'",
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    });
    const etag = page.headers.etag ?? '';
    const again = await ask(inspector, '/index.html?x=1', { headers: { 'if-none-match': etag } });
    expect([again.status, again.body, again.headers.etag]).toEqual([304, '', etag]);
    const head = await ask(inspector, '/', { method: 'HEAD' });
    expect([head.status, head.body, head.headers['content-length']]).toEqual([200, '', '34']);
    const script = await ask(inspector, '/assets/index-B1gx_9Zk.js');
    expect(script.headers).toMatchObject({
      'cache-control': 'public, max-age=31536000, immutable',
      'content-type': 'text/javascript; charset=utf-8',
    });
  });

  it('[INS-26] only files of the built page are served, whatever the path', async () => {
    const { inspector } = await built();
    const paths = [
      '/.inputs',
      '/.cache/index.html',
      '/passwd.html',
      '/assets',
      '/assets/',
      '/assets/notes.txt',
      '/../package.json',
      '/..%2fpackage.json',
      '/%2e%2e/package.json',
      '/assets/..%5c..%5cpackage.json',
      '//etc/passwd',
      '/assets/%00',
      '/index.html/',
      'http://elsewhere/secret',
      '*',
    ];
    for (const path of paths) {
      const { status, body } = await ask(inspector, path);
      expect([path, status, body]).toEqual([path, 404, 'There is nothing at this path.\n']);
    }
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE']) {
      const { status, headers } = await ask(inspector, '/', { method });
      expect([method, status, headers.allow]).toEqual([method, 405, 'GET, HEAD']);
    }
  });

  it('[INS-26] a page that is not built says how to build it, and is there when it is', async () => {
    const { inspector, folder } = await started();
    const missing = await ask(inspector, '/');
    expect([missing.status, missing.body]).toEqual([404, expect.stringContaining('npm run build')]);
    writeFileSync(join(folder, 'index.html'), 'built');
    expect((await ask(inspector, '/')).body).toBe('built');
  });

  it('[INS-27] it can ask whether its token is right', async () => {
    const { inspector } = await built();
    const right = await ask(inspector, '/api/access', { headers: { authorization: `Bearer ${TOKEN}` } });
    expect([right.status, JSON.parse(right.body)]).toEqual([
      200,
      { title: 'Voice', instance: expect.any(String), version: expect.stringMatching(/^\d+\.\d+/), allowSend: false },
    ]);
    expect(right.headers['cache-control']).toBe('no-store');
    for (const headers of [{}, { authorization: 'Bearer wrong' }, { authorization: TOKEN }]) {
      const wrong = await ask(inspector, '/api/access', { headers });
      expect([wrong.status, wrong.headers['www-authenticate']]).toEqual([401, 'Bearer']);
    }
    expect((await ask(inspector, `/api/access?token=${TOKEN}`)).status).toBe(401);
  });

  it('[INS-27] a page of an allowed origin may read that answer', async () => {
    const { inspector } = await built();
    const headers = { origin: SHARED, authorization: `Bearer ${TOKEN}` };
    const preflight = await ask(inspector, '/api/access', { method: 'OPTIONS', headers: { origin: SHARED } });
    expect([preflight.status, preflight.headers]).toMatchObject([
      204,
      { 'access-control-allow-origin': SHARED, 'access-control-allow-headers': 'authorization', vary: 'Origin' },
    ]);
    const { status, headers: answered } = await ask(inspector, '/api/access', { headers });
    expect([status, answered['access-control-allow-origin']]).toEqual([200, SHARED]);
    const own = { ...headers, origin: `http://127.0.0.1:${inspector.port}` };
    expect((await ask(inspector, '/api/access', { headers: own })).headers).not.toHaveProperty(
      'access-control-allow-origin',
    );
    expect((await ask(inspector, '/', { headers })).headers).not.toHaveProperty('access-control-allow-origin');
  });
});
