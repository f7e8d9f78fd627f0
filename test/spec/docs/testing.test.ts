import { describe, expect, it } from 'vitest';
import { compileErrors, exampleOfDocstring, examplesIn, promised, runExample } from '../../support/examples.ts';

const examples = examplesIn('docs/testing.md').map((example, index) => ({ number: index + 1, example }));
const ofTheClock = exampleOfDocstring('src/integration/testing/virtual-clock.ts');

describe('the guide to testing', () => {
  it('[TST-18] it has an example of every part', () => {
    expect(examples.length).toBeGreaterThanOrEqual(6);
  });

  it.each(examples)('[TST-18] example $number runs as it is printed and prints what it says', ({ example }) => {
    const { status, stderr, lines } = runExample(example);
    expect([status, stderr, lines.join('\n')]).toEqual([0, '', expect.anything()]);
    // One that says nothing of what it prints is a test file, whose framework reports.
    if (promised(example).length > 0) expect(lines).toEqual(promised(example));
    else expect(lines.join('\n')).toMatch(/\bpass \d+/);
  });

  it('[TST-18] the examples compile as strict TypeScript, for Node alone and with a DOM', () => {
    const all = [...examples.map(({ example }) => example), ofTheClock];
    for (const libraries of [[], ['dom']]) expect(compileErrors(all, libraries)).toEqual([]);
    expect(compileErrors(['const wrong: number = "text";'])[0], 'the compiler is asked').toContain('TS2322');
  });

  it('[TST-18] the example of the virtual clock runs as it is printed', () => {
    expect(runExample(ofTheClock)).toEqual({ status: 0, stderr: '', lines: ['active'] });
    expect(promised(ofTheClock)).toEqual(['active']);
  });
});
