// Builds what is published: plain tsc output of src/, and the inspector's page. With `--check` the package is also looked
// at as npm would pack it.
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { buildPage } from './build-page.ts';

const run = (command: string, ...args: string[]): void => {
  const { status } = spawnSync(command, args, { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
};

rmSync('dist', { recursive: true, force: true });
run('tsc', '-p', 'tsconfig.build.json');
await buildPage();
if (process.argv.includes('--check')) run('publint', '--strict');
