import type { Absence } from '../../../src/integration/inspect/viewer/life.ts';
import type { Life } from '../store/connection-types.ts';

const ABSENCE: Readonly<Record<Absence, string>> = {
  unreachable: 'The process is away.',
  unanswered: 'The process does not answer: it is busy, or stands in a debugger.',
  closing: 'The process closed its inspector.',
  handshake: 'The process answers, but took no connection: perhaps it has as many viewers as it allows.',
  slow: 'This page could not keep up, and was cut off.',
  lost: 'The connection was lost.',
};

/** Why there is no connection, in a sentence. */
export function absenceText({ state, absence }: Life): string {
  if (state === 'full') return 'The process has as many viewers as it allows.';
  if (state === 'dismissed') return 'The process closed the connection: this page asked for too much.';
  if (state === 'asking' || state === 'greeting') return 'Not connected.';
  return ABSENCE[absence];
}
