// Builds the inspector's page where it is not as its sources are. Prints nothing but errors: it runs before `npm start`.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build } from 'vite';

const ROOT = resolve(import.meta.dirname, '..');
const PAGE = join(ROOT, 'inspector');
const STAMP = join(PAGE, 'dist', '.inputs');
/** What the page is made of: its own files, the charts whose layouts it brings, and what it shares with the server. */
const INPUTS = ['inspector', 'src/machines', 'src/integration/inspect', 'scripts', 'package-lock.json'];
const OUTSIDE = /(^|\/)(dist|node_modules)(\/|$)/;

/**
 * Builds the page if anything that it is made of has changed since it was built last.
 *
 * @returns whether there was something to build.
 */
export async function buildPage(): Promise<boolean> {
  const stamp = fingerprint();
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === stamp) return false;
  await build({ configFile: join(PAGE, 'vite.config.ts'), root: PAGE, logLevel: 'error' });
  writeFileSync(STAMP, stamp);
  return true;
}

function fingerprint(): string {
  const hash = createHash('sha256');
  for (const input of INPUTS) {
    for (const file of filesIn(input))
      hash
        .update(file)
        .update('\0')
        .update(readFileSync(join(ROOT, file)))
        .update('\0');
  }
  return hash.digest('hex');
}

function filesIn(path: string): string[] {
  if (path.endsWith('.json')) return [path];
  return readdirSync(join(ROOT, path), { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name).slice(ROOT.length + 1))
    .filter(file => !OUTSIDE.test(file))
    .sort();
}

if (import.meta.main) await buildPage();
