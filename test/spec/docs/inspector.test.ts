import { expect, it } from 'vitest';
import { compileErrors, examplesIn, promised, runExample } from '../../support/examples.ts';

const examples = examplesIn('docs/inspector.md').map((example, index) => ({ number: index + 1, example }));

it.each(examples)(
  '[DOC-4] example $number of the guide runs as it is printed and prints what it says',
  ({ example }) => {
    const { status, stderr, lines } = runExample(example);
    expect([status, stderr]).toEqual([0, '']);
    expect(lines).toEqual(promised(example));
  },
);

it('[DOC-4] the examples of the guide compile as strict TypeScript', () => {
  expect(examples.length).toBeGreaterThanOrEqual(2);
  expect(compileErrors(examples.map(({ example }) => example))).toEqual([]);
});
