import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** What every program below begins with: a manager on the system clock whose credentials live for an hour. */
const PRELUDE = `
  import { createSessionManager } from './src/services/session-manager.ts';
  import { systemClock } from './src/services/system-clock.ts';
  const mint = async () => ({ secret: 'ek_child', expiresAt: Date.now() + 3_600_000 });
  const timers = () => process.getActiveResourcesInfo().filter(name => /Timeout|Timer|Immediate/.test(name));
  const say = (...words) => process.stdout.write(words.join(' ') + '\\n');
  const managerOn = async clock => {
    const manager = createSessionManager({ clock, credentials: { mint }, limit: 100 });
    await manager.initialize();
    return manager;
  };
`;

/** Runs a program in a process of its own until that exits by itself. */
async function run(program: string): Promise<{ code: number | null; lines: string[]; errors: string }> {
  const flags = ['--disable-warning=ExperimentalWarning', '--input-type=module-typescript'];
  const child = spawn(process.execPath, [...flags, '-e', PRELUDE + program], { cwd: ROOT });
  let [output, errors] = ['', ''];
  child.stdout.on('data', chunk => (output += chunk));
  child.stderr.on('data', chunk => (errors += chunk));
  const [code] = await once(child, 'close');
  return { code, lines: output.split('\n').filter(line => line !== ''), errors };
}

describe('D31', () => {
  it('[D31] a forgotten session, with all its timers armed, does not keep node from exiting', async () => {
    const { code, lines } = await run(`
      const clock = systemClock();
      const manager = await managerOn(clock);
      manager.onSessionEnded(() => say('ended'));
      await manager.startSession();
      say('armed', clock.pending > 3);
    `);
    expect({ code, lines }).toEqual({ code: 0, lines: ['armed true'] });
  });

  it('[D31] the default clock does not keep node from exiting either, once nobody waits for a call', async () => {
    const { code, lines } = await run(`
      const manager = createSessionManager({ credentials: { mint }, limit: 9 });
      await manager.initialize();
      const [paused, renewing] = [await manager.startSession(), await manager.startSession()];
      await manager.startSession();
      await manager.pauseSession(paused.sessionId);
      manager.reportTransport(renewing.sessionId, { state: 'connected', credentialRefused: true });
      say(...manager.getAllSessions().map(({ state }) => state));
    `);
    expect({ code, lines }).toEqual({ code: 0, lines: ['paused renewing active'] });
  });

  it('[D31] asked to, it keeps node alive until the session ends by its own timer', async () => {
    const { code, lines } = await run(`
      const manager = await managerOn(systemClock({ keepAlive: true }));
      manager.onSessionEnded(({ reason }) => say('ended', reason));
      await manager.startSession({ maxDurationMinutes: 0.0005, durationWarningSeconds: 0 });
      say('started');
    `);
    expect({ code, lines }).toEqual({ code: 0, lines: ['started', 'ended lifetime'] });
  });

  it('[D31] after the end, and after dispose, no timer of ours is left, whether timers fired or were cleared', async () => {
    const { code, lines, errors } = await run(`
      const clock = systemClock({ keepAlive: true });
      const manager = await managerOn(clock);
      const firstEnd = new Promise(resolve => manager.onSessionEnded(resolve));
      await manager.startSession({ maxDurationMinutes: 0.0005, durationWarningSeconds: 0 });
      const cleared = await manager.startSession();
      const whileLive = timers().length;
      say('first end:', (await firstEnd).reason);
      await manager.endSession(cleared.sessionId);
      say('after the ends', whileLive > 0, timers().length, clock.pending);
      for (let i = 0; i < 20; i++) await manager.startSession();
      const { sessionId } = await manager.startSession();
      await manager.pauseSession(sessionId);
      await manager[Symbol.asyncDispose]();
      say('after dispose', timers().length, clock.pending);
    `);
    expect({ code, lines, errors: code === 0 ? '' : errors }).toEqual({
      code: 0,
      lines: ['first end: lifetime', 'after the ends true 0 0', 'after dispose 0 0'],
      errors: '',
    });
  });

  it('[D31] the same with hooks and purges that never settle: the end leaves no timer behind', async () => {
    const { code, lines, errors } = await run(`
      const clock = systemClock({ keepAlive: true });
      const never = () => new Promise(() => undefined);
      const hooks = { onSessionSuspending: never, onSessionResumed: never, onSessionEnding: never };
      const manager = createSessionManager({ clock, credentials: { mint, revoke: never }, hooks, privacy: { issuePurge: never } });
      await manager.initialize();
      const { sessionId } = await manager.startSession();
      await manager.pauseSession(sessionId);
      await manager.resumeSession(sessionId);
      await manager.endSession(sessionId);
      say('after the end', timers().length, clock.pending);
      await manager[Symbol.asyncDispose]();
      say('after dispose', timers().length, clock.pending);
    `);
    expect({ code, lines, errors: code === 0 ? '' : errors }).toEqual({
      code: 0,
      lines: ['after the end 0 0', 'after dispose 0 0'],
      errors: '',
    });
  });
});
