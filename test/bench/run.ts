// What things cost. Not a test: figures depend on the machine and on what else it does, so where two things are compared
// both are measured in the same run, in turn, and the ratio is what to look at.
import { parseArgs } from 'node:util';
import type { CredentialProvider } from '../../src/actors/ports.ts';
import { createSessionManager, type SessionManager } from '../../src/index.ts';
import { type Figure, median, timed } from './figures.ts';
import { inspectFigures } from './inspect.ts';
import { pageFigures } from './page.ts';

const { values } = parseArgs({ options: { json: { type: 'boolean', default: false } } });

const FEW = 3;
const SOME = 100;
const MANY = 10_000;
const ROUNDS = 400;
const KEY_LIFE_MS = 3_600_000;

/** Answers in a microtask, and knows how long its own part took. */
class InstantProvider implements CredentialProvider {
  spentMs = 0;
  #count = 0;

  async mint() {
    const since = performance.now();
    const minted = { secret: `ek_${this.#count++}`, expiresAt: Date.now() + KEY_LIFE_MS };
    this.spentMs += performance.now() - since;
    return minted;
  }
}

interface Bed {
  readonly manager: SessionManager;
  readonly provider: InstantProvider;
  readonly ids: string[];
}

async function bedOf(live: number): Promise<Bed> {
  const provider = new InstantProvider();
  const manager = createSessionManager({
    credentials: provider,
    limit: live + 10,
    config: { inactivityTimeoutMinutes: 60 },
  });
  await manager.initialize();
  const ids: string[] = [];
  for (let i = 0; i < live; i++) ids.push((await manager.startSession()).sessionId);
  return { manager, provider, ids };
}

/** One start and one end, ms each, without the provider's part. */
async function startAndEnd({ manager, provider }: Bed): Promise<{ start: number; end: number }> {
  const spent = provider.spentMs;
  const startedAt = performance.now();
  const { sessionId } = await manager.startSession();
  const usableAt = performance.now();
  const start = usableAt - startedAt - (provider.spentMs - spent);
  await manager.endSession(sessionId);
  return { start, end: performance.now() - usableAt };
}

async function renew({ manager, ids }: Bed): Promise<number> {
  const since = performance.now();
  await manager.renewSession(ids[0] ?? '');
  return performance.now() - since;
}

/** The same few sessions are asked about in every bed: what is compared is the manager, not the caches of the machine. */
function queriesOf({ manager, ids }: Bed): Readonly<Record<string, () => unknown>> {
  let at = 0;
  const id = (): string => ids[at++ % FEW] ?? '';
  return {
    getSessionInfo: () => manager.getSessionInfo(id()),
    isSessionActive: () => manager.isSessionActive(id()),
    getCurrentSession: () => manager.getCurrentSession(),
    getSessionConfig: () => manager.getSessionConfig(id()),
    getSessionDiagnostics: () => manager.getSessionDiagnostics(id()),
    testSessionHealth: () => manager.testSessionHealth(id()),
    credentialFor: () => manager.credentialFor(id()),
  };
}

function heapUsed(): number {
  if (globalThis.gc === undefined) throw new Error('run with --expose-gc');
  globalThis.gc();
  globalThis.gc();
  return process.memoryUsage().heapUsed;
}

const figures: Figure[] = [];
const put = (figure: Figure): void => {
  figures.push(figure);
  const { name, value, unit, ratio } = figure;
  if (values.json) console.log(JSON.stringify(figure));
  else
    console.log(
      `${name.padEnd(58)} ${value.toFixed(3).padStart(10)} ${unit}${ratio === undefined ? '' : `  ×${ratio.toFixed(2)}`}`,
    );
};

// Memory first, on a clean heap.
{
  const warm = await bedOf(50);
  await warm.manager[Symbol.asyncDispose]();
  const before = heapUsed();
  const bed = await bedOf(MANY);
  put({ name: `heap per idle live session, ${MANY} live`, value: (heapUsed() - before) / MANY, unit: 'B' });
  await bed.manager[Symbol.asyncDispose]();
  put({ name: `heap kept per ended session, ${MANY} ended`, value: (heapUsed() - before) / MANY, unit: 'B' });
}

const few = await bedOf(FEW);
const some = await bedOf(SOME);
const many = await bedOf(MANY);
const starts: Record<'few' | 'some' | 'many', { start: number[]; end: number[]; renew: number[] }> = {
  few: { start: [], end: [], renew: [] },
  some: { start: [], end: [], renew: [] },
  many: { start: [], end: [], renew: [] },
};
const beds = { few, some, many };
for (let round = -50; round < ROUNDS; round++) {
  for (const size of ['few', 'some', 'many'] as const) {
    const { start, end } = await startAndEnd(beds[size]);
    if (round < 0) continue;
    starts[size].start.push(start);
    starts[size].end.push(end);
  }
}
const startFew = median(starts.few.start);
const startSome = median(starts.some.start);
const startMany = median(starts.many.start);
put({ name: `start overhead, ${FEW} live, median`, value: startFew, unit: 'ms' });
put({ name: `start overhead, ${MANY} live, median`, value: startMany, unit: 'ms', ratio: startMany / startFew });
put({
  name: `start, ${MANY} live against ${SOME}, median`,
  value: startMany,
  unit: 'ms',
  ratio: startMany / startSome,
});
const endSome = median(starts.some.end);
const endMany = median(starts.many.end);
put({ name: `end, ${MANY} live against ${SOME}, median`, value: endMany, unit: 'ms', ratio: endMany / endSome });

// A renewal is held back for a second after the mint before it: one per session and run.
for (let round = 0; round < FEW; round++) {
  for (const size of ['some', 'many'] as const) {
    const bed = beds[size];
    const id = bed.ids.shift() ?? '';
    starts[size].renew.push(await renew({ ...bed, ids: [id] }));
    bed.ids.push(id);
  }
}
put({
  name: `renew, ${MANY} live against ${SOME}, median`,
  value: median(starts.many.renew),
  unit: 'ms',
  ratio: median(starts.many.renew) / median(starts.some.renew),
});

const someQueries = queriesOf(some);
const manyQueries = queriesOf(many);
for (const name of Object.keys(someQueries)) {
  const times: [number[], number[]] = [[], []];
  for (let round = 0; round < 15; round++) {
    times[0].push(timed(someQueries[name] ?? (() => undefined)));
    times[1].push(timed(manyQueries[name] ?? (() => undefined)));
  }
  const [atSome, atMany] = [median(times[0]), median(times[1])];
  put({ name: `${name}, ${MANY} live against ${SOME}`, value: atMany * 1_000, unit: 'µs', ratio: atMany / atSome });
}

{
  const [id = ''] = few.ids;
  const us = timed(() => void few.manager.resetInactivityTimer(id)) * 1_000;
  put({ name: 'resetInactivityTimer', value: us, unit: 'µs' });
}

await Promise.all([few, some, many].map(({ manager }) => manager[Symbol.asyncDispose]()));
await inspectFigures(put);
await pageFigures(put);
