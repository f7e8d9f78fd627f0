import { spawn, spawnSync } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { askAccess } from '../../../src/integration/command/access.ts';
import { type BrowserParts, openInBrowser } from '../../../src/integration/command/browser.ts';
import { type CommandParts, runCommand } from '../../../src/integration/command/command.ts';
import { handOver } from '../../../src/integration/command/handover.ts';
import { snapshotText } from '../../../src/integration/command/plain-snapshot.ts';
import { createInspector, type Inspector } from '../../../src/integration/inspect/index.ts';
import { VirtualClock } from '../../../src/integration/testing/virtual-clock.ts';
import { rejectionOf } from '../../support/managed.ts';
import { NOW, rowOf } from './terminal-support.ts';

const TOKEN = 'canary_0123456789-canary';
const open: (Inspector | Server)[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await ('token' in one ? one.close() : one[Symbol.asyncDispose]());
});

const inspectorWith = async (title: string): Promise<Inspector> => {
  const inspector = await createInspector({ clock: new VirtualClock(), token: TOKEN, title });
  open.push(inspector);
  return inspector;
};

/** Something that answers every request like this. */
const serverThat = async (status: number, body: string): Promise<number> => {
  const server = createServer((_, response) => response.writeHead(status, { location: '/' }).end(body)).listen(
    0,
    '127.0.0.1',
  );
  open.push(server);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
};

const run = async (args: readonly string[], change: Partial<CommandParts> = {}) => {
  const told = { out: '', err: '', opened: [] as string[] };
  const code = await runCommand(args, {
    env: {},
    print: text => {
      told.out += text;
    },
    complain: text => {
      told.err += text;
    },
    open: async url => {
      told.opened.push(url);
      return true;
    },
    isTerminal: true,
    view: async () => {
      told.out += 'view';
    },
    snapshot: async () => 'snapshot',
    ...change,
  });
  return { code, ...told };
};

describe('access', () => {
  const access = (port: number, token = TOKEN) => askAccess({ host: '127.0.0.1', port, token });

  it('[INS-92] an inspector that takes the token tells what it is', async () => {
    const { port } = await inspectorWith('Voice');
    expect(await access(port)).toMatchObject({ title: 'Voice', allowSend: false, version: expect.any(String) });
  });

  it('[INS-92] a wrong token is told from nobody, and from somebody else', async () => {
    const { port } = await inspectorWith('Voice');
    const wrong = await rejectionOf(access(port, 'another-canary-0123'));
    expect(wrong).toMatchObject({ code: 'INSPECTOR_UNAVAILABLE', details: { field: 'token' } });
    expect(wrong.message).toContain('does not take this token');
    await open.pop()?.[Symbol.asyncDispose]();
    expect((await rejectionOf(access(port))).message).toContain(`Nobody listens at 127.0.0.1:${port}`);
  });

  it.each([
    [200, 'hello'],
    [200, '{"title":"x"}'],
    [200, 'null'],
    [404, '{}'],
    [500, ''],
  ])('[INS-92] an answer of %s %j is that of no inspector', async (status, body) => {
    const error = await rejectionOf(access(await serverThat(status, body)));
    expect(error).toMatchObject({ code: 'INSPECTOR_UNAVAILABLE', details: { field: '<url>' } });
    expect(error.message).toContain(`is no inspector (${status})`);
  });

  it('[INS-92] the token is not carried on to where an answer points', async () => {
    expect((await rejectionOf(access(await serverThat(302, '')))).message).toContain('does not speak HTTP');
  });

  it('[INS-92] what does not speak HTTP, or does not answer, is told', async () => {
    const tcp = createTcpServer(socket => socket.end('what?', () => socket.destroy())).listen(0, '127.0.0.1');
    await once(tcp, 'listening');
    expect((await rejectionOf(access((tcp.address() as AddressInfo).port))).message).toContain('does not speak HTTP');
    await tcp[Symbol.asyncDispose]();
    const request = () => Promise.reject(Object.assign(new Error('late'), { name: 'TimeoutError' }));
    const late = await rejectionOf(askAccess({ host: 'localhost', port: 1, token: TOKEN }, { request }));
    expect(late.message).toBe('localhost:1 does not answer.');
  });
});

describe('command', () => {
  it('[INS-92] opens the page, prints its address, or shows the view', async () => {
    const { url } = await inspectorWith('Voice \u001b[31mgateway');
    expect(await run(['inspect', url])).toEqual({
      code: 0,
      out: 'Voice gateway is open in the browser.\n',
      err: '',
      opened: [url],
    });
    expect(await run(['inspect', url, '--no-open'])).toMatchObject({ code: 0, out: `${url}\n`, opened: [] });
    expect(await run(['inspect', url, '--tui'])).toMatchObject({ code: 0, out: 'view' });
    expect(await run(['inspect', url, '--tui'], { isTerminal: false })).toMatchObject({ code: 0, out: 'snapshot' });
  });

  it('[INS-93] where no browser can be opened it tells the address, and of --tui', async () => {
    const { url } = await inspectorWith('Voice');
    const { out } = await run(['inspect', url], { open: async () => false });
    expect(out).toContain('--tui');
    expect(out).toContain(url);
  });

  it('[INS-92] ends with 1 where there is no inspector and with 2 where an option cannot be used; neither tells the token', async () => {
    const { url } = await inspectorWith('Voice');
    await open.pop()?.[Symbol.asyncDispose]();
    for (const how of [[], ['--tui'], ['--no-open']]) {
      const { code, out, err, opened } = await run(['inspect', url, ...how]);
      expect([code, out, opened]).toEqual([1, '', []]);
      expect(err).toMatch(/^Nobody listens .*\n {2}Is the process running/);
      expect(err).not.toContain('canary');
    }
    expect(await run(['inspect', url, '--wrong'])).toMatchObject({ code: 2, out: '', opened: [] });
    expect((await run(['--help'])).out).toMatch(/^Usage: sessionchart inspect <url>/);
    expect((await run(['--version'])).out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it('[INS-90] as a process', async () => {
    const main = resolve(import.meta.dirname, '../../../src/integration/command/main.ts');
    const ended = spawnSync(process.execPath, [main, 'inspect', '--wrong'], { encoding: 'utf8' });
    expect([ended.status, ended.stdout]).toEqual([2, '']);
    expect(ended.stderr).toMatch(/^--wrong is no option; allowed: /);
    const { url } = await inspectorWith('Voice');
    const child = spawn(process.execPath, [main, 'inspect', url, '--tui'], { stdio: ['ignore', 'pipe', 'pipe'] });
    const [told, complained, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
    expect([code, complained]).toEqual([0, '']);
    expect(told).toMatch(/^Voice: no sessions\nsession {2}state/);
  });

  it('[INS-92] a fault of its own is no complaint', async () => {
    const { url } = await inspectorWith('Voice');
    const view = () => Promise.reject(new Error('broken'));
    expect((await rejectionOf(run(['inspect', url, '--tui'], { view }))).message).toBe('broken');
  });
});

describe('browser', () => {
  const ADDRESS = 'http://127.0.0.1:1/#token=canary-x&y';
  const folders: string[] = [];
  afterEach(() => {
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
  });
  const opening = (platform: NodeJS.Platform, env: NodeJS.ProcessEnv, change: Partial<BrowserParts> = {}) => {
    const child = Object.assign(new EventEmitter(), { unref: () => {} });
    const spawned: unknown[] = [];
    const timers: { callback: () => void; ms: number }[] = [];
    const parent = mkdtempSync(join(tmpdir(), 'command-test-'));
    folders.push(parent);
    let end: (() => void) | undefined;
    const opened = openInBrowser(ADDRESS, {
      platform,
      env,
      spawn: ((...args: unknown[]) => {
        spawned.push(args);
        return child;
      }) as unknown as BrowserParts['spawn'],
      later: (callback, ms) => {
        const timer = { callback, ms };
        timers.push(timer);
        return () => void timers.splice(timers.indexOf(timer), 1);
      },
      atEnd: callback => {
        end = callback;
        return () => {
          end = undefined;
        };
      },
      handOver: url => handOver(url, parent),
      ...change,
    });
    const files = (): string[] =>
      readdirSync(parent, { recursive: true, encoding: 'utf8' }).map(name => join(parent, name));
    const late = (): void => timers.shift()?.callback();
    return { child, spawned, opened, timers, files, late, end: () => end?.(), isAwaitingEnd: () => end !== undefined };
  };
  const ALONE = { stdio: 'ignore', detached: true };

  it.each([
    ['linux', { DISPLAY: ':0' }, 'xdg-open', []],
    ['freebsd', { WAYLAND_DISPLAY: 'wayland-0' }, 'xdg-open', []],
    ['darwin', {}, 'open', []],
    ['win32', {}, 'rundll32', ['url.dll,FileProtocolHandler']],
  ] as const)('[INS-93] %s with %j: %s, without a shell', async (platform, env, command, args) => {
    const { child, spawned, opened, files } = opening(platform, env);
    expect(spawned).toEqual([[command, [...args, pathToFileURL(files()[1] ?? '').href], ALONE]]);
    child.emit('exit', 0);
    expect(await opened).toBe(true);
  });

  it('[INS-93] without a display nothing is started', async () => {
    const { spawned, opened } = opening('linux', {});
    expect(await opened).toBe(false);
    expect(spawned).toEqual([]);
  });

  it('[INS-93] a program that is not there, or fails, opened nothing; one that runs on did', async () => {
    const missing = opening('linux', { DISPLAY: ':0' });
    missing.child.emit('error', new Error('ENOENT'));
    expect(await missing.opened).toBe(false);
    const failed = opening('linux', { DISPLAY: ':0' });
    failed.child.emit('exit', 3);
    expect(await failed.opened).toBe(false);
    const running = opening('darwin', {});
    running.late();
    expect(await running.opened).toBe(true);
    expect([missing, failed, running].map(({ files }) => files().length)).toEqual([0, 0, 2]);
    expect([missing, failed].map(({ isAwaitingEnd }) => isAwaitingEnd())).toEqual([false, false]);
  });

  it('[INS-93] the token is in no argument, but in a file for this user alone that leads on to the address', async () => {
    const { child, spawned, files, opened, timers, late, isAwaitingEnd } = opening('linux', { DISPLAY: ':0' });
    expect(JSON.stringify(spawned)).not.toContain('canary');
    const [folder = '', file = ''] = files();
    expect([statSync(folder).mode & 0o777, statSync(file).mode & 0o777]).toEqual([0o700, 0o600]);
    const page = readFileSync(file, 'utf8');
    expect(page).toContain('content="0;url=http://127.0.0.1:1/#token=canary-x&#38;y"');
    expect(page).toContain('<a href="http://127.0.0.1:1/#token=canary-x&#38;y">');
    child.emit('exit', 0);
    expect(await opened).toBe(true);
    expect(timers.map(({ ms }) => ms)).toEqual([10_000]);
    expect(existsSync(file)).toBe(true);
    late();
    expect([files(), isAwaitingEnd()]).toEqual([[], false]);
  });

  it('[INS-93] the file does not outlive the process, and what stands in an address makes no markup', async () => {
    const { child, files, opened, end } = opening('linux', { DISPLAY: ':0' });
    child.emit('exit', 0);
    await opened;
    end();
    expect(files()).toEqual([]);
    const parent = mkdtempSync(join(tmpdir(), 'command-test-'));
    folders.push(parent);
    const { href, remove } = handOver(`http://x/#"><script>'`, parent);
    expect(readFileSync(new URL(href), 'utf8')).not.toMatch(/<script|#"|'/);
    remove();
    remove();
  });

  it('[INS-93] where no file can be written nothing is started', async () => {
    const { spawned, opened } = opening('darwin', {}, { handOver: url => handOver(url, '/no/such/folder') });
    expect(await opened).toBe(false);
    expect(spawned).toEqual([]);
  });

  it.skipIf(process.platform !== 'linux')('[INS-93] as a process, also when it is stopped by a signal', async () => {
    const parent = mkdtempSync(join(tmpdir(), 'command-test-'));
    folders.push(parent);
    const bin = join(parent, 'bin');
    mkdirSync(bin);
    writeFileSync(join(bin, 'xdg-open'), '#!/bin/sh\nexit 0\n', { mode: 0o755 });
    const { url } = await inspectorWith('Voice');
    const main = resolve(import.meta.dirname, '../../../src/integration/command/main.ts');
    const child = spawn(process.execPath, [main, 'inspect', url], {
      env: { ...process.env, PATH: `${bin}:${process.env.PATH}`, DISPLAY: ':0', TMPDIR: parent },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [told] = await once(child.stdout, 'data');
    expect(String(told)).toBe('Voice is open in the browser.\n');
    const written = (): string[] => readdirSync(parent).filter(name => name.startsWith('sessionchart-'));
    expect(written()).toHaveLength(1);
    child.kill('SIGTERM');
    expect((await once(child, 'exit'))[1]).toBe('SIGTERM');
    expect(written()).toEqual([]);
  });
});

describe('plain snapshot', () => {
  it('[INS-99] a line for each session, with whole ids, and nothing that acts on a terminal', () => {
    const welcome = {
      type: 'welcome',
      instance: 'i',
      title: 'Voice\u001b[2J gateway',
      version: '1',
      allowSend: false,
      now: NOW,
      sources: [],
      overview: [{ source: 0, counts: { active: 1, paused: 1 }, total: 2, slots: null, events: 0 }],
    } as const;
    const rows = [
      rowOf({ id: `session-${'x'.repeat(60)}` }),
      rowOf({ id: 'b\u001b[31m\n', state: 'paused', path: 'paused', next: null, renewals: null, error: 'AUTH_ERROR' }),
    ];
    const lines = snapshotText(welcome, rows).split('\n');
    expect(lines[0]).toBe('Voice gateway: 1 active, 1 paused');
    expect(lines[2]).toMatch(/^session-x{60} {2}active {2}serving\.active {2}renewal 30s {2}3 +-$/);
    expect(lines[3]).toMatch(/^b +paused +paused +- +- +AUTH_ERROR$/);
    expect(lines.join('')).not.toMatch(/\p{Cc}/u);
    expect(snapshotText({ ...welcome, overview: [] }, []).split('\n')[0]).toBe('Voice gateway: no sessions');
  });
});
