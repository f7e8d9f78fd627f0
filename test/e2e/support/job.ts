import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';

const MAIN = resolve(import.meta.dirname, '../../../src/integration/voice/main.ts');

/** The main job in a process of its own. */
export interface RunningJob {
  /** Address of its inspector, with the token. */
  readonly url: string;
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/** Starts the main job and waits until it says where it can be watched. */
export async function startJob(
  args: readonly string[] = ['--port', '0'],
  env: Record<string, string> = {},
): Promise<RunningJob> {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const url = await addressIn(child);
  return {
    url,
    async stop(signal = 'SIGTERM') {
      if (child.exitCode !== null) return;
      child.kill(signal);
      await once(child, 'exit');
    },
  };
}

/** The rest of what it prints is read and dropped: a full pipe would hold it up. */
function addressIn(child: ChildProcess): Promise<string> {
  let said = '';
  return new Promise((resolve, reject) => {
    child.stdout?.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      const url = /watch them at (\S+)/.exec(said)?.[1];
      if (url !== undefined) resolve(url);
    });
    child.once('exit', () => reject(new Error(`the main job ended and said:\n${said}`)));
  });
}
