import { expect, it } from 'vitest';
import { examplesIn, runExample } from '../../support/examples.ts';

it('[DOC-1] the example of the README runs as it is printed, with its own sources for the package', () => {
  const [example = ''] = examplesIn('README.md');
  expect(runExample(example)).toEqual({
    status: 0,
    stderr: '',
    lines: [
      'idle → starting: admitted',
      'starting → active: credential obtained',
      'key: [redacted]',
      'active → renewing: renewal requested',
      'renewing → active: credential obtained',
      'renewed: true',
      'active → ending: end requested (user)',
      'ending → ended: torn down',
    ],
  });
});
