import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { plainSnapshot } from '../../../src/integration/command/plain-snapshot.ts';
import { TerminalView } from '../../../src/integration/command/terminal/terminal-view.ts';
import { createInspector, type Inspector } from '../../../src/integration/inspect/index.ts';
import { parseAddress } from '../../../src/integration/inspect/inspector-address.ts';
import type { InspectorOptions } from '../../../src/integration/inspect/inspector-options.ts';
import { systemClock } from '../../../src/services/system-clock.ts';
import { type Managed, managed, rejectionOf } from '../../support/managed.ts';
import { FakeTerminal } from './terminal-support.ts';

const TOKEN = 'canary_0123456789-canary';
/** The inspector tells of changes after this time on the clock of the sessions. */
const FLUSH_MS = 60;

const endings: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

const world = async (count: number): Promise<Managed & { ids: string[] }> => {
  let last = 0;
  const made = await managed({ limit: 1_000, createSessionId: () => `s-${String(++last).padStart(4, '0')}` });
  endings.push(() => made.close());
  const ids: string[] = [];
  for (let i = 0; i < count; i++) {
    const starting = made.manager.startSession();
    await made.clock.advance(1_000);
    ids.push((await starting).sessionId);
  }
  return { ...made, ids };
};

const inspectorOf = async ({ manager, clock }: Managed, options: InspectorOptions = {}): Promise<Inspector> => {
  const inspector = await createInspector({ clock, token: TOKEN, title: 'Voice', allowSend: true, ...options });
  inspector.attach(manager);
  endings.push(() => inspector.close());
  return inspector;
};

const viewOf = (url: string, terminal = new FakeTerminal()) => {
  // Sockets take real time.
  const clock = systemClock();
  const view = new TerminalView(parseAddress(url), terminal, clock);
  const ended = view.run();
  endings.push(async () => view.leave());
  return { terminal, view, ended, clock };
};

describe('terminal view of a real inspector', () => {
  it('[INS-97] lists the sessions, follows one, and tells its story when it has ended', async () => {
    const { ids, manager, clock, ...rest } = await world(3);
    const { url } = await inspectorOf({ manager, clock, ...rest });
    const { terminal } = viewOf(url);
    await terminal.until('3 active');
    await terminal.until(/▌ s-0001 +● active/);
    await terminal.until('Deadlines');
    terminal.type('j');
    await terminal.until(/│ {2}s-0002.*Log/s);
    const paused = manager.pauseSession(ids[1] ?? '');
    await clock.advance(FLUSH_MS);
    await paused;
    await terminal.until(/▌ s-0002 +● paused/);
    await terminal.until(/► pause requested {2}serving\.active → paused/);
    const ending = manager.endSession(ids[1] ?? '');
    await clock.advance(3_000);
    await ending;
    await terminal.until(/s-0002 +● ended/);
    terminal.type('e');
    await terminal.until('Story of s-0002');
    await terminal.until('ended: user');
  });

  it('[INS-97] searches and filters among all sessions', async () => {
    const { ids, manager, clock, ...rest } = await world(40);
    const pausing = manager.pauseSession(ids[36] ?? '');
    await clock.advance(FLUSH_MS);
    await pausing;
    const { url } = await inspectorOf({ manager, clock, ...rest });
    const { terminal } = viewOf(url);
    await terminal.until('1–25 of 41');
    terminal.type('\u001b[F');
    await terminal.until(/▌ coordinator +● accepting/);
    terminal.type('/s-003');
    await terminal.until(/1–10 of 10 \(all: 41\)/);
    terminal.type('\r');
    terminal.type('f');
    await terminal.until(/only active/);
    terminal.type('f');
    await terminal.until(/1–1 of 1 .*only paused/);
    await terminal.until(/▌ s-0037 +● paused/);
    terminal.type('\u001b');
    await terminal.until('1–25 of 41');
  });

  it('[INS-98] sends what the state accepts, and shows what it was answered', async () => {
    const { clock, ...rest } = await world(1);
    const { url } = await inspectorOf({ clock, ...rest });
    const { terminal } = viewOf(url);
    await terminal.until('Deadlines');
    terminal.type('s');
    await terminal.until(/▸ END/);
    terminal.type('j\r');
    await terminal.until('PAUSE was taken by s-0001');
    await clock.advance(FLUSH_MS);
    await terminal.until(/▌ s-0001 +● paused/);
    terminal.type('s');
    await terminal.until(/RENEW +refused: SESSION_NOT_ACTIVE/);
    terminal.type('jjjjj');
    await terminal.until(/▸ CONFIGURE/);
    terminal.type('\r');
    terminal.type('{"config":{"maxRetryAttempts":99}}\r');
    await terminal.until('INVALID_CONFIG: maxRetryAttempts is 99; allowed:');
  });

  it('[INS-98] says that an inspector is read-only', async () => {
    const { url } = await inspectorOf(await world(1), { allowSend: false });
    const { terminal } = viewOf(url);
    await terminal.until('Deadlines');
    terminal.type('s');
    await terminal.until('read-only');
  });

  it('[INS-99] stands still while it is paused, and then shows what happened', async () => {
    const { ids, manager, clock, ...rest } = await world(3);
    const { url } = await inspectorOf({ manager, clock, ...rest });
    const { terminal } = viewOf(url);
    await terminal.until('Deadlines');
    terminal.type(' ');
    await terminal.until('PAUSED');
    const pausing = manager.pauseSession(ids[0] ?? '');
    await clock.advance(FLUSH_MS);
    await pausing;
    // What the user does is answered; by then the news were there too.
    terminal.type('j');
    await terminal.until(/│ {2}s-0002/);
    await terminal.until('Deadlines');
    expect(terminal.screen).toMatch(/ {2}s-0001 +● active/);
    expect(terminal.screen).toContain('3 active');
    terminal.type(' ');
    await terminal.until(/ {2}s-0001 +● paused/);
    await terminal.until('2 active  1 paused');
  });

  it('[INS-99] connects again when the process is started again, and begins afresh', async () => {
    const first = await world(3);
    const before = await inspectorOf(first);
    const { terminal } = viewOf(before.url);
    await terminal.until('3 active');
    await before.close();
    await terminal.until('away: it closed its inspector; again in');
    expect(terminal.screen).toContain('s-0003');
    const second = await world(1);
    await inspectorOf(second, { port: before.port });
    terminal.type('r');
    await terminal.until('The process was started again.');
    await terminal.until(/ 1 active {2}1 accepting/);
    await terminal.until(/▌ s-0001/);
    expect(terminal.screen).not.toContain('s-0003');
  });

  it('[INS-99] another token is needed after a restart with another one: that is said', async () => {
    const made = await world(1);
    const before = await inspectorOf(made);
    const { terminal } = viewOf(before.url);
    await terminal.until('1 active');
    await before.close();
    await inspectorOf(made, { port: before.port, token: 'another-canary-0123' });
    await terminal.until('it does not take the token');
    expect(terminal.written.join('')).not.toContain('canary');
  });

  it('[INS-99] a process that allows no more viewers is asked again later', async () => {
    const inspector = await inspectorOf(await world(1), { maxViewers: 1 });
    const first = viewOf(inspector.url);
    await first.terminal.until('1 active');
    const second = viewOf(inspector.url);
    await second.terminal.until('as many viewers as it allows; again in');
    first.view.leave();
    await first.ended;
  });

  it('[INS-99] gives the terminal back when it is left, and leaves nothing behind', async () => {
    const inspector = await inspectorOf(await world(1));
    const { terminal, ended, view, clock } = viewOf(inspector.url);
    await terminal.until('Deadlines');
    expect([terminal.isTaken, terminal.isListenedTo]).toEqual([true, true]);
    terminal.type('q');
    await ended;
    view.leave();
    expect([terminal.isTaken, terminal.isListenedTo, clock.pending]).toEqual([false, false, 0]);
    expect(terminal.written.at(-1)).toBe('\u001b[?7h\u001b[?25h\u001b[?1049l');
  });

  it('[INS-99] goes into the background and comes back', async () => {
    const { url } = await inspectorOf(await world(1));
    const { terminal } = viewOf(url);
    await terminal.until('Deadlines');
    terminal.type('\u001a');
    expect(terminal.isTaken).toBe(false);
    terminal.suspended?.();
    expect(terminal.isTaken).toBe(true);
    expect(terminal.screen).toContain('Deadlines');
  });

  it('[INS-99] takes another size at once', async () => {
    const { url } = await inspectorOf(await world(2));
    const { terminal } = viewOf(url);
    await terminal.until(/▌ s-0001/);
    terminal.resize(60, 12);
    expect(terminal.screen).not.toContain('│');
    expect(terminal.screen.split('\n').map(line => line.length)).toEqual(Array(12).fill(60));
  });
});

describe('plain snapshot of a real inspector', () => {
  it('[INS-99] tells all sessions, more than one page of them', async () => {
    const made = await managed({ limit: 2_000 });
    endings.push(() => made.close());
    const starting = Array.from({ length: 1_200 }, () => made.manager.startSession());
    await made.clock.advance(1_000);
    await Promise.all(starting);
    const { url } = await inspectorOf(made);
    const lines = (await plainSnapshot(parseAddress(url))).trimEnd().split('\n');
    expect(lines[0]).toBe('Voice: 1200 active, 1 accepting');
    expect(lines).toHaveLength(2 + 1_201);
  });

  it('[INS-99] an inspector that has no place, or is gone, is told', async () => {
    const inspector = await inspectorOf(await world(1), { maxViewers: 1 });
    const { terminal } = viewOf(inspector.url);
    await terminal.until('1 active');
    const full = await rejectionOf(plainSnapshot(parseAddress(inspector.url)));
    expect(full).toMatchObject({ code: 'INSPECTOR_UNAVAILABLE' });
    const server = createServer(socket => socket.destroy()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    endings.push(() => server[Symbol.asyncDispose]());
    const { port } = server.address() as AddressInfo;
    const gone = await rejectionOf(plainSnapshot({ host: '127.0.0.1', port, token: TOKEN }));
    expect(gone.message).toContain('closed the connection');
  });
});
