// Draws the charts from the machine objects into docs/. With `--check` nothing is written: a stale picture is a fault.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { circuitBreakerMachine } from '../src/machines/circuit-breaker.ts';
import { coordinatorMachine } from '../src/machines/coordinator.ts';
import { sessionMachine } from '../src/machines/session.ts';
import { chartPicture } from './chart-picture.ts';

const DOCS = resolve(import.meta.dirname, '../docs');
const check = process.argv.includes('--check');

const pictures = {
  'session.svg': await chartPicture(sessionMachine),
  'coordinator.svg': await chartPicture(coordinatorMachine),
  'circuit-breaker.svg': await chartPicture(circuitBreakerMachine),
};

mkdirSync(DOCS, { recursive: true });
let stale = 0;
for (const [name, svg] of Object.entries(pictures)) {
  const file = join(DOCS, name);
  if (existsSync(file) && readFileSync(file, 'utf8') === svg) continue;
  if (!check) writeFileSync(file, svg);
  else {
    stale += 1;
    console.error(`docs/${name} is stale; run \`npm run docs\``);
  }
}
if (stale > 0) process.exit(1);
console.log(`docs: ${Object.keys(pictures).length} pictures ${check ? 'are up to date' : 'written'}`);
