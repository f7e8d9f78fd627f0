// The words of a chart, for the documents.
import type { ChartWords } from '../src/integration/inspect/page-protocol.ts';

const NONE: ChartWords = { guards: {}, delays: {}, actions: {} };

/** The words of a chart as Markdown. */
export function wordsText({ guards, delays, actions }: ChartWords = NONE): string {
  const list = (title: string, words: Readonly<Record<string, string>>): string[] =>
    Object.keys(words).length === 0
      ? []
      : [
          `### ${title}`,
          Object.entries(words)
            .map(([name, text]) => `- \`${name}\`: ${text}`)
            .join('\n'),
        ];
  return [
    '## What the names mean',
    ...list('Conditions', guards),
    ...list('Delays', delays),
    ...list('Actions', actions),
  ].join('\n\n');
}
