import { SessionchartError } from '../../actors/errors.ts';
import { type InspectorAddress, placeOf } from '../inspect/inspector-address.ts';
import { type ActorRow, LONGEST_PAGE, type Welcome } from '../inspect/page-protocol.ts';
import { type Outcome, type Question, Requests } from '../inspect/viewer/requests.ts';
import { remaining } from '../terminal/remaining.ts';
import { inColumns, plain } from '../terminal/text.ts';
import { countsOf } from './terminal/head-lines.ts';
import { type Say, socketLink } from './terminal/socket-link.ts';

/** A loopback answers within milliseconds. */
const DEADLINE_MS = 10_000;
/** An inspector lets so many questions through at once. */
const MOST_PAGES = 40;

/**
 * The sessions as they are now, as text: for an output that is no terminal. At most 20,000 of them, a line each.
 *
 * @throws SessionchartError `INSPECTOR_UNAVAILABLE` if the connection does not come about or ends before all were told.
 */
export async function plainSnapshot(address: InspectorAddress): Promise<string> {
  const requests = new Requests();
  const place = placeOf(address);
  let close = (): void => {};
  let timer: NodeJS.Timeout | undefined;
  try {
    const [welcome, say] = await new Promise<[Welcome, Say]>((resolve, reject) => {
      const unavailable = (message: string): void => {
        const remediation = 'Is the process still running? Try again.';
        reject(new SessionchartError('INSPECTOR_UNAVAILABLE', { message, remediation }));
        requests.abandon();
      };
      let welcomed: Welcome | undefined;
      timer = setTimeout(() => unavailable(`${place} does not answer.`), DEADLINE_MS);
      close = socketLink(address, {
        onMessage: message => {
          if (message.type === 'welcome') welcomed = message;
          requests.settle(message);
        },
        onLive: say => {
          if (welcomed !== undefined) resolve([welcomed, say]);
        },
        onClosed: () => unavailable(`The inspector at ${place} closed the connection.`),
      });
    });
    const rows = await allRows(question => requests.ask(question, say), place);
    return snapshotText(welcome, rows);
  } finally {
    clearTimeout(timer);
    close();
  }
}

async function allRows(ask: (question: Question) => Promise<Outcome>, place: string): Promise<ActorRow[]> {
  const rows: ActorRow[] = [];
  for (let page = 0; page < MOST_PAGES; page++) {
    const answer = await ask({ type: 'list', query: { sort: 'started', offset: rows.length, limit: LONGEST_PAGE } });
    if (answer.type === 'error') {
      throw new SessionchartError('INSPECTOR_UNAVAILABLE', {
        message: answer.message,
        remediation: answer.remediation,
      });
    }
    if (answer.type !== 'list') {
      throw new SessionchartError('INSPECTOR_UNAVAILABLE', {
        message: `The connection to ${place} ended before all was told.`,
        remediation: 'Is the process still running? Try again.',
      });
    }
    rows.push(...answer.rows);
    if (answer.rows.length === 0 || rows.length >= answer.matched) break;
  }
  return rows;
}

const COLUMNS: readonly (readonly [string, (row: ActorRow, now: number) => string])[] = [
  ['session', row => row.id],
  ['state', row => row.state],
  ['path', row => row.path],
  ['next', ({ next }, now) => (next === null ? '-' : `${next.name} ${remaining(next.at - now)}`)],
  ['renewals', row => String(row.renewals ?? '-')],
  ['trouble', row => row.reason ?? row.error ?? '-'],
];

/** Title, counts, and a line for each row; whole ids, so that other programs can read them. */
export function snapshotText({ title, now, overview }: Welcome, rows: readonly ActorRow[]): string {
  const counts = countsOf({ overview }).map(([state, count]) => `${count} ${plain(state)}`);
  const cells = rows.map(row => COLUMNS.map(([, cell]) => plain(cell(row, now))));
  const lines = [COLUMNS.map(([name]) => name), ...cells];
  const widths = COLUMNS.map((_, index) => Math.max(...lines.map(line => line[index]?.length ?? 0)));
  const table = lines.map(line =>
    line
      .map((cell, index) => inColumns(cell, widths[index] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return [`${plain(title)}: ${counts.length === 0 ? 'no sessions' : counts.join(', ')}`, ...table, ''].join('\n');
}
