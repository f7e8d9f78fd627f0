import { expect, it } from 'vitest';
import { simulate } from '../../src/integration/testing/simulation.ts';

it.each([
  [87, 'a start whose back-off the machine slept through gave its next mint up at once'],
  [143, 'a revival that slept through the wait for its turn gave its mint up at once'],
  [242, 'a revival with a channel gave its second mint up at once after a sleep'],
  [364, 'a revival that waited for a Retry-After beyond the budget gave its mint up at once'],
])('[SIM-10] seed %i: once %s', async seed => {
  await expect(simulate({ seed })).resolves.toMatchObject({ seed });
});
