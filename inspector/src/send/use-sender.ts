import { useEffect, useState } from 'preact/hooks';
import type { SendEvent } from '../../../src/integration/inspect/viewer/send-fields.ts';
import { usePage } from '../store/page.ts';

/** Answers that are shown. */
const MOST_ANSWERS = 3;

/** What came of an event. */
export interface Sent {
  readonly n: number;
  readonly at: number;
  readonly type: string;
  readonly failed: boolean;
  readonly text: string;
}

/** Sends events to the chosen actor and keeps the latest answers. */
export function useSender(): [answers: readonly Sent[], send: (event: SendEvent) => void] {
  const { connection, selection } = usePage();
  const [answers, setAnswers] = useState<readonly Sent[]>([]);
  const actor = selection.selected.value;
  useEffect(() => setAnswers([]), [actor]);
  const send = (event: SendEvent): void => {
    if (actor === null) return;
    void connection.ask({ type: 'send', actor, event }).then(outcome => {
      const at = connection.now();
      const failed = outcome.type !== 'sent';
      const text =
        outcome.type === 'error'
          ? `${outcome.code}: ${outcome.message} ${outcome.remediation}`
          : outcome.type === 'away'
            ? 'The connection ended before an answer came.'
            : 'taken';
      setAnswers(known =>
        [{ n: (known[0]?.n ?? 0) + 1, at, type: event.type, failed, text }, ...known].slice(0, MOST_ANSWERS),
      );
    });
  };
  return [answers, send];
}
