import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const ROOT = resolve(import.meta.dirname, '../..');

const SOURCES: Readonly<Record<string, string>> = {
  sessionchart: 'index.ts',
  'sessionchart/inspect': 'integration/inspect/index.ts',
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

/** The first example in the docstrings of a source file. */
export function exampleOfDocstring(source: string): string {
  const text = readFileSync(join(ROOT, source), 'utf8').replaceAll(/^ *\* ?/gm, '');
  return text.match(/```ts\n([\s\S]*?)```/)?.[1] ?? '';
}

/** What an example says that it prints, in its comments. */
export function promised(example: string): string[] {
  return [...example.matchAll(/\/\/ prints (.*)$/gm)].map(match => match[1] ?? '');
}

/** A project that has installed XState. */
function projectFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'example-'));
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(join(ROOT, 'node_modules/xstate'), join(folder, 'node_modules/xstate'));
  return folder;
}

/** Runs an example as it is printed, with the sources of this checkout for the package. */
export function runExample(example: string): ExampleRun {
  const code = example.replaceAll(/from '(sessionchart[^']*)'/g, (_, name: string) => {
    const source = SOURCES[name];
    if (source === undefined) throw new Error(`the example imports ${name}, which is not exported`);
    return `from ${JSON.stringify(pathToFileURL(join(ROOT, 'src', source)).href)}`;
  });
  // Outside of node_modules, where types are not stripped.
  const folder = projectFolder();
  try {
    writeFileSync(join(folder, 'example.ts'), code);
    const args = ['--disable-warning=ExperimentalWarning', 'example.ts'];
    const { stdout, stderr, status } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });
    return { status, stderr, lines: stdout.split('\n').filter(line => line !== '') };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What the compiler has against these examples: as strict TypeScript, for Node and for Node with a DOM. */
export function compileErrors(examples: readonly string[], libraries: readonly string[] = []): string[] {
  const folder = projectFolder();
  const paths = Object.entries(SOURCES).map(([name, source]) => [name, [join(ROOT, 'src', source)]]);
  try {
    for (const [index, example] of examples.entries()) writeFileSync(join(folder, `example-${index + 1}.ts`), example);
    const compilerOptions = {
      lib: ['es2024', 'esnext.disposable', ...libraries],
      paths: Object.fromEntries(paths),
      typeRoots: [join(ROOT, 'node_modules/@types')],
      noUnusedLocals: false,
    };
    const config = { extends: join(ROOT, 'tsconfig.json'), compilerOptions, include: ['*.ts'] };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
    const tsc = join(ROOT, 'node_modules/.bin/tsc');
    const { stdout } = spawnSync(tsc, ['--noEmit', '--pretty', 'false'], { cwd: folder, encoding: 'utf8' });
    return stdout.split('\n').filter(line => line !== '');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
