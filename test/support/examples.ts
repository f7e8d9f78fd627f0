import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const ROOT = resolve(import.meta.dirname, '../..');

const SOURCES: Readonly<Record<string, string>> = {
  sessionchart: 'index.ts',
  'sessionchart/realtime': 'integration/realtime/index.ts',
  'sessionchart/testing': 'integration/testing/index.ts',
};

export interface ExampleRun {
  readonly status: number | null;
  readonly stderr: string;
  /** Lines that are not empty. */
  readonly lines: readonly string[];
}

/** The examples of a document, in order. */
export function examplesIn(document: string): string[] {
  const text = readFileSync(join(ROOT, document), 'utf8');
  return [...text.matchAll(/```ts\n([\s\S]*?)```/g)].map(match => match[1] ?? '');
}

/** What an example says that it prints, in its comments. */
export function promised(example: string): string[] {
  return [...example.matchAll(/\/\/ prints (.*)$/gm)].map(match => match[1] ?? '');
}

/** Runs an example as it is printed, with the sources of this checkout for the package. */
export function runExample(example: string): ExampleRun {
  const code = example.replaceAll(/from '(sessionchart[^']*)'/g, (_, name: string) => {
    const source = SOURCES[name];
    if (source === undefined) throw new Error(`the example imports ${name}, which is not exported`);
    return `from ${JSON.stringify(pathToFileURL(join(ROOT, 'src', source)).href)}`;
  });
  // Inside the checkout: type stripping and the dependencies both follow the place of the file.
  const folder = mkdtempSync(join(ROOT, 'node_modules', '.example-'));
  try {
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    writeFileSync(join(folder, 'example.mjs'), code);
    const args = ['--disable-warning=ExperimentalWarning', 'example.mjs'];
    const { stdout, stderr, status } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });
    return { status, stderr, lines: stdout.split('\n').filter(line => line !== '') };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
