#!/usr/bin/env node
import { systemClock } from '../../services/system-clock.ts';
import type { InspectorAddress } from '../inspect/inspector-address.ts';
import { openInBrowser } from './browser.ts';
import { runCommand } from './command.ts';
import { plainSnapshot } from './plain-snapshot.ts';
import { processTerminal } from './terminal/process-terminal.ts';
import { TerminalView } from './terminal/terminal-view.ts';

const { stdin, stdout, stderr, env } = process;

/** Whatever ends the process, the terminal is given back as it was. */
async function view(address: InspectorAddress): Promise<void> {
  const shown = new TerminalView(address, processTerminal(stdin, stdout, env), systemClock({ keepAlive: true }));
  const leave = (): void => shown.leave();
  const crash = (error: unknown): void => {
    leave();
    stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    process.exit(1);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, leave);
  process.on('exit', leave);
  process.on('uncaughtException', crash);
  await shown.run();
}

process.exitCode = await runCommand(process.argv.slice(2), {
  env,
  print: text => void stdout.write(text),
  complain: text => void stderr.write(text),
  open: openInBrowser,
  isTerminal: stdin.isTTY === true && stdout.isTTY === true && env.TERM !== 'dumb',
  view,
  snapshot: plainSnapshot,
});
