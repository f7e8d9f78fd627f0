import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../../..');

it('[DOC-1] the example of the README runs as it is printed, with its own sources for the package', () => {
  const [, example = ''] = /```ts\n([\s\S]*?)```/.exec(readFileSync(join(ROOT, 'README.md'), 'utf8')) ?? [];
  const source = (path: string): string => JSON.stringify(pathToFileURL(join(ROOT, 'src', path)).href);
  const code = example
    .replace("'sessionchart'", source('index.ts'))
    .replace("'sessionchart/realtime'", source('integration/realtime/index.ts'));
  expect(code).not.toBe(example);
  // Inside the checkout: type stripping and the dependencies both follow the place of the file.
  const folder = mkdtempSync(join(ROOT, 'node_modules', '.example-'));
  try {
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    writeFileSync(join(folder, 'example.mjs'), code);
    const { stdout, stderr, status } = spawnSync(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', 'example.mjs'],
      {
        cwd: folder,
        encoding: 'utf8',
      },
    );
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(stdout.split('\n').filter(line => line !== '')).toEqual([
      'idle → starting: admitted',
      'starting → active: credential obtained',
      'key: [redacted]',
      'active → renewing: renewal requested',
      'renewing → active: credential obtained',
      'renewed: true',
      'active → ending: end requested (user)',
      'ending → ended: torn down',
    ]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
