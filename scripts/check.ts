// All that CI runs, in one command. `--skip NAME` leaves a step out.
import { spawnSync } from 'node:child_process';

const STEPS: Readonly<Record<string, readonly string[]>> = {
  lint: ['biome', 'check', '.'],
  types: ['tsc', '--noEmit'],
  'page types': ['tsc', '--noEmit', '-p', 'inspector'],
  'browser types': ['tsc', '--noEmit', '-p', 'test/e2e'],
  layers: ['node', 'scripts/layers.ts'],
  spec: ['node', 'scripts/spec.ts'],
  docs: ['node', 'scripts/docs.ts', '--check'],
  unused: ['knip'],
  package: ['node', 'scripts/build.ts', '--check'],
  job: ['node', 'scripts/job-check.ts'],
  test: ['vitest', 'run'],
  e2e: ['vitest', 'run', '--config', 'vitest.e2e.config.ts'],
  proof: ['node', 'scripts/verify.ts', '--quick', '--mutants'],
  simulation: ['node', 'scripts/simulate.ts', '--seeds', '10000', '--for', '75s', '--at-least', '1000'],
};

const skipped = new Set(process.argv.filter((_, i, all) => all[i - 1] === '--skip'));
for (const name of skipped) {
  if (name in STEPS) continue;
  console.error(`check: --skip ${name} names no step; there are: ${Object.keys(STEPS).join(', ')}`);
  process.exit(2);
}
const failed: string[] = [];
for (const [name, [command = '', ...args]] of Object.entries(STEPS)) {
  if (skipped.has(name)) continue;
  console.log(`\n— ${name}`);
  const { status } = spawnSync(command, args, { stdio: 'inherit' });
  if (status !== 0) failed.push(name);
}
console.log(failed.length === 0 ? '\ncheck: all passed' : `\ncheck: failed: ${failed.join(', ')}`);
process.exit(failed.length === 0 ? 0 : 1);
