import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join, normalize, resolve } from 'node:path';
import { expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../../..');
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

/** What npm would pack, without a build. */
const packed = (): string[] => {
  const { stdout } = spawnSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  const [{ files }] = JSON.parse(stdout) as [{ files: { path: string }[] }];
  return files.map(({ path }) => path);
};

it('[DOC-3] what the documents of the package link to is in the package', () => {
  const files = new Set(packed());
  const documents = [...files].filter(file => file.endsWith('.md'));
  expect(documents).toEqual(expect.arrayContaining(['README.md', 'docs/README.md', 'docs/testing.md']));
  for (const document of documents) {
    for (const [, target = ''] of read(document).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^(https?:|#)/.test(target)) continue;
      const file = normalize(join(dirname(document), target.replace(/#.*$/, '')));
      expect(
        [...files].some(known => known === file || known.startsWith(`${file}/`)),
        `${document} → ${target}`,
      ).toBe(true);
    }
  }
});

it('[DOC-3] the build makes no maps to sources that are not packed', () => {
  const { compilerOptions } = JSON.parse(read('tsconfig.build.json')) as { compilerOptions: Record<string, unknown> };
  expect([compilerOptions.sourceMap, compilerOptions.declarationMap]).toEqual([undefined, undefined]);
});
