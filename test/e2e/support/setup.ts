import { execFileSync } from 'node:child_process';
import type { TestProject } from 'vitest/node';
import { buildPage } from '../../../scripts/build-page.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Where the browser is; empty where there is none. */
    readonly chromium: string;
  }
}

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

/** Builds the page and looks for a browser. A user without one is told so; CI fails. */
export default async function setup(project: TestProject): Promise<void> {
  await buildPage();
  const chromium = process.env.CHROMIUM ?? NAMES.map(pathOf).find(path => path !== '') ?? '';
  if (chromium === '') {
    const remedy =
      'There is no Chromium on this machine (Debian: apt-get install chromium; or set CHROMIUM to its path).';
    if (process.env.CI !== undefined) throw new Error(remedy);
    process.stderr.write(`\n${remedy} The tests in the browser are left out.\n\n`);
  }
  project.provide('chromium', chromium);
}

function pathOf(name: string): string {
  try {
    return execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim();
  } catch {
    return '';
  }
}
