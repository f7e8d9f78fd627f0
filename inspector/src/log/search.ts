import type { LogEntry } from '../../../src/integration/inspect/viewer/watched.ts';

/** Whether an entry has the text in what its line shows. */
export function matches(entry: LogEntry, text: string): boolean {
  if (text === '') return true;
  const needle = text.toLowerCase();
  return wordsOf(entry).some(word => word.toLowerCase().includes(needle));
}

function wordsOf(entry: LogEntry): readonly string[] {
  switch (entry.kind) {
    case 'message':
      return [entry.event, entry.from.label, entry.to.label, entry.from.role, entry.to.role];
    case 'transition':
      return [entry.event, entry.cause, entry.from, entry.to];
    case 'child':
      return [entry.child.label, entry.phase];
    case 'status':
      return [entry.status];
    default:
      return [];
  }
}
