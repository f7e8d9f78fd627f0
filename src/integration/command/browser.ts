import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { type Handover, handOver } from './handover.ts';

/** A program that cannot show anything ends at once; one that runs on after this time is the browser itself. */
const FAILS_WITHIN_MS = 2_000;
/** A browser that has to be started first reads the file within this time; the process stays until then. */
const READ_WITHIN_MS = 10_000;

export interface BrowserParts {
  readonly platform: NodeJS.Platform;
  readonly env: NodeJS.ProcessEnv;
  spawn(command: string, args: readonly string[], options: SpawnOptions): ChildProcess;
  /** Calls back after a time, ms; returns what withdraws it. */
  later(callback: () => void, ms: number): () => void;
  /** Calls back when the process ends before, by a signal for one; returns what withdraws it. */
  atEnd(callback: () => void): () => void;
  /** Writes the address where nobody else can read it. */
  handOver(url: string): Handover;
}

const SYSTEM: BrowserParts = {
  platform: process.platform,
  env: process.env,
  spawn,
  later: (callback, ms) => {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
  atEnd,
  handOver,
};

/**
 * Opens an address in the browser of the user, without a shell. False if there is none that could show it. The arguments
 * of a process can be read by everybody on the machine: what stands there is a file that leads on to the address.
 */
export async function openInBrowser(url: string, parts: BrowserParts = SYSTEM): Promise<boolean> {
  const { platform, env } = parts;
  if (platform !== 'win32' && platform !== 'darwin' && !env.DISPLAY && !env.WAYLAND_DISPLAY) {
    return false;
  }
  let handover: Handover;
  try {
    handover = parts.handOver(url);
  } catch {
    return false;
  }
  const withdrawEnd = parts.atEnd(handover.remove);
  const remove = (): void => {
    withdrawEnd();
    handover.remove();
  };
  const [command, ...args] = OPENERS[platform] ?? ['xdg-open'];
  const opened = await new Promise<boolean>(resolve => {
    const opener = parts.spawn(command, [...args, handover.href], { stdio: 'ignore', detached: true });
    const withdraw = parts.later(() => settle(true), FAILS_WITHIN_MS);
    const settle = (isOpen: boolean): void => {
      withdraw();
      resolve(isOpen);
    };
    opener.once('error', () => settle(false));
    opener.once('exit', code => settle(code === 0));
    opener.unref();
  });
  if (opened) parts.later(remove, READ_WITHIN_MS);
  else remove();
  return opened;
}

function atEnd(callback: () => void): () => void {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const stop = (signal: NodeJS.Signals): void => {
    callback();
    withdraw();
    process.kill(process.pid, signal);
  };
  const withdraw = (): void => {
    process.off('exit', callback);
    for (const signal of signals) process.off(signal, stop);
  };
  process.on('exit', callback);
  for (const signal of signals) process.on(signal, stop);
  return withdraw;
}

/** `start` is a word of the shell; this is what it does. */
const OPENERS: Readonly<Record<string, readonly [string, ...string[]]>> = {
  darwin: ['open'],
  win32: ['rundll32', 'url.dll,FileProtocolHandler'],
};
