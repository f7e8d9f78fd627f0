import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { INVARIANTS, SCENES } from '../../model/explore/scenes.ts';

const GUIDE = readFileSync(new URL('../../../docs/verification.md', import.meta.url), 'utf8');
const named = new Set(
  [...GUIDE.matchAll(/^\| (.*?) \|/gm)].flatMap(([, cell = '']) => cell.match(/(?<=`)[a-z-]+(?=`)/g) ?? []),
);

describe('the guide to the verification', () => {
  it('[DOC-2] names every invariant and every scene, and no other', () => {
    const known = new Set([...INVARIANTS, ...SCENES.map(({ name }) => name)]);
    expect([...named].sort()).toEqual([...known].sort());
  });
});
