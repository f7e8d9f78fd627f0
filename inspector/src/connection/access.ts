import { fromPromise } from 'xstate';
import type { Access, LinkInput } from '../../../src/integration/inspect/viewer/life.ts';

/** Asks the process whether the token is good; rejects if it is not there, or is another kind of server. */
export const access = fromPromise<Access, LinkInput>(async ({ input, signal }) => {
  const answer = await fetch('/api/access', {
    headers: { authorization: `Bearer ${input.token}` },
    cache: 'no-store',
    signal,
  });
  if (answer.status === 401) return 'refused';
  if (!answer.ok) throw new Error(`the process answered ${answer.status}`);
  return 'granted';
});
