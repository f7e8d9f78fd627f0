// What it costs to be looked at. What is compared is measured in turn, in the same run.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { assign, createActor, createMachine } from 'xstate';
import { createSessionManager, type SessionManager } from '../../src/index.ts';
import { actorTarget } from '../../src/integration/inspect/actor-target.ts';
import { createInspector } from '../../src/integration/inspect/index.ts';
import { Observation } from '../../src/integration/inspect/observation.ts';
import { SUBPROTOCOL, TOKEN_PREFIX } from '../../src/integration/inspect/page-protocol.ts';
import { VirtualClock } from '../../src/integration/testing/virtual-clock.ts';
import { type Figure, median, timed } from './figures.ts';

const VIEWERS = 100;
const SESSIONS = 1_000;
/** Events a second in the process that is watched, spread over all its sessions. */
const RATE = 1_000;
/** From one session to the next: no factor with their number in common, and far, so that neighbours have no event together. */
const STRIDE = 617;
const PHASE_MS = 1_000;
/** Each with and without viewers, in turn: other work on the machine comes and goes. */
const ROUNDS = 10;

const ACTORS = 10_000;
const ACTORS_SHOWN = 500;

interface Bed {
  readonly manager: SessionManager;
  readonly ids: string[];
}

async function managerOf(sessions: number): Promise<Bed> {
  const manager = createSessionManager({ limit: sessions, config: { inactivityTimeoutMinutes: 60 } });
  await manager.initialize();
  const ids: string[] = [];
  for (let i = 0; i < sessions; i++) ids.push((await manager.startSession()).sessionId);
  return { manager, ids };
}

/** Cost of an event without an inspector, with one that nobody looks at, and with one that somebody looked at. */
async function costUnwatched(put: (figure: Figure) => void): Promise<void> {
  const clock = new VirtualClock();
  const beds = await Promise.all(Array.from({ length: 3 }, () => managerOf(3)));
  const [, idle, seen] = beds;
  const inspectors = [await createInspector({ clock }), await createInspector({ clock })];
  if (idle !== undefined) inspectors[0]?.attach(idle.manager);
  if (seen !== undefined) inspectors[1]?.attach(seen.manager);
  const { port = 0, token = '' } = inspectors[1] ?? {};
  for (let visit = 0; visit < 3; visit++) {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/page`, [SUBPROTOCOL, `${TOKEN_PREFIX}${token}`]);
    await once(socket, 'open');
    socket.send('{"type":"hello"}');
    await once(socket, 'message');
    socket.close();
    await once(socket, 'close');
    await clock.advance(10_000);
  }
  const calls: Readonly<Record<string, (bed: Bed) => void>> = {
    resetInactivityTimer: ({ manager, ids: [id = ''] }) => void manager.resetInactivityTimer(id),
    'pause and resume': ({ manager, ids: [id = ''] }) => {
      void manager.pauseSession(id);
      void manager.resumeSession(id);
    },
  };
  for (const [name, call] of Object.entries(calls)) {
    const times: number[][] = beds.map(() => []);
    for (let round = 0; round < 31; round++) {
      for (const [index, bed] of beds.entries()) times[index]?.push(timed(() => call(bed), 1_000));
    }
    const [bare = 0, quiet = 0, after = 0] = times.map(rounds => Math.min(...rounds));
    put({
      name: `${name}, nobody watches, against no inspector`,
      value: quiet * 1_000,
      unit: 'µs',
      ratio: quiet / bare,
    });
    put({
      name: `${name}, viewers have left, against no inspector`,
      value: after * 1_000,
      unit: 'µs',
      ratio: after / bare,
    });
  }
  for (const inspector of inspectors) await inspector.close();
  for (const { manager } of beds) await manager[Symbol.asyncDispose]();
}

interface Load {
  /** From the instant at which an event is due to the one at which it is done, ms, ascending. */
  readonly latencies: readonly number[];
}

/** Events come at their times, whatever the process does meanwhile; what they wait for it counts. */
async function load({ manager, ids }: Bed, phaseMs = PHASE_MS): Promise<Load> {
  const latencies: number[] = [];
  const since = performance.now();
  for (let event = 0; event < (RATE * phaseMs) / 1_000; ) {
    const due = since + (event * 1_000) / RATE;
    if (performance.now() < due) {
      await new Promise(resolve => setImmediate(resolve));
      continue;
    }
    const id = ids[(event * STRIDE) % ids.length] ?? '';
    if (event % 10 === 0) {
      void manager.pauseSession(id);
      void manager.resumeSession(id);
    } else void manager.resetInactivityTimer(id);
    latencies.push(performance.now() - due);
    event += 1;
  }
  return { latencies: latencies.sort((a, b) => a - b) };
}

const at = ({ latencies }: Load, part: number): number => latencies[Math.floor((latencies.length - 1) * part)] ?? 0;

const mean = ({ latencies }: Load): number => latencies.reduce((sum, ms) => sum + ms, 0) / latencies.length;

async function latencyWatched(put: (figure: Figure) => void): Promise<void> {
  const bed = await managerOf(SESSIONS);
  const child = fork(new URL('viewers.ts', import.meta.url), { execArgv: [] });
  const told = async (message: object | string): Promise<unknown> => {
    child.send(message);
    const [answer] = await once(child, 'message');
    return answer;
  };
  await load(bed); // to warm up
  const rounds: { unwatched: Load; watched: Load; frames: number; bytes: number; grownBy: number }[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const unwatched = await load(bed);
    const { rss } = process.memoryUsage();
    const inspector = await createInspector();
    inspector.attach(bed.manager);
    await told({ port: inspector.port, token: inspector.token, viewers: VIEWERS, rows: 100 });
    await load(bed, PHASE_MS / 2); // all of them have come, and were sent the beginning
    await told('figures');
    const watched = await load(bed);
    const { frames, bytes } = (await told('figures')) as { frames: number; bytes: number };
    rounds.push({ unwatched, watched, frames, bytes, grownBy: process.memoryUsage().rss - rss });
    await inspector.close();
  }
  const name = `latency of an event, ${VIEWERS} viewers, ${SESSIONS} active sessions, against unwatched`;
  const measures = { median: (of: Load) => at(of, 0.5), mean, p99: (of: Load) => at(of, 0.99) };
  for (const [label, measure] of Object.entries(measures)) {
    // The best of each: what is worse is the other work on the machine.
    const value = Math.min(...rounds.map(({ watched }) => measure(watched)));
    const unwatched = Math.min(...rounds.map(round => measure(round.unwatched)));
    put({ name: `${name}, ${label}`, value, unit: 'ms', ratio: value / unwatched });
  }
  const seconds = PHASE_MS / 1_000;
  put({
    name: 'frames a second and viewer',
    value: median(rounds.map(({ frames }) => frames)) / VIEWERS / seconds,
    unit: '/s',
  });
  put({ name: 'bytes of a frame', value: median(rounds.map(({ bytes, frames }) => bytes / frames)), unit: 'B' });
  const grownBy = median(rounds.map(round => round.grownBy)) / 1e6;
  put({ name: `memory with ${VIEWERS} viewers, more than without`, value: grownBy, unit: 'MB' });
  child.disconnect();
  child.kill();
  await bed.manager[Symbol.asyncDispose]();
}

/** Actors without a manager, each with a timer: XState has one table of timers for all of them. */
function costOfActors(put: (figure: Figure) => void): void {
  const src = createMachine({ initial: 'a', on: { HIT: {} }, states: { a: { after: { 600000: 'b' } }, b: {} } });
  // In one action, and never stopped: XState goes through all of them for each that comes by itself, or goes.
  const spawned = assign(({ spawn }) => {
    for (let at = 0; at < ACTORS; at++) spawn(src, { id: `actor${at}` });
    return {};
  });
  const root = createActor(createMachine({ entry: spawned }), { clock: new VirtualClock() }).start();
  const children = Object.values(root.getSnapshot().children).slice(0, ACTORS_SHOWN);
  const hit = (): void => {
    for (const child of children) child?.send({ type: 'HIT' });
  };
  const observation = new Observation({
    redact: data => data,
    onChange: () => undefined,
    onFault(error) {
      throw error;
    },
  });
  observation.attach(actorTarget(root), 'actors');
  observation.open();
  const { rows } = observation.list({ offset: 0, limit: ACTORS_SHOWN });
  for (const { actor } of rows) observation.followRow(actor);
  const take = (): number => {
    hit();
    return timed(() => void observation.take(), 1);
  };
  const takes = Array.from({ length: 11 }, take);
  put({ name: `news of ${ACTORS_SHOWN} of ${ACTORS} actors with timers`, value: median(takes), unit: 'ms' });
  const bare = Math.min(...Array.from({ length: 11 }, () => timed(hit, 1)));
  for (const child of children) if (child !== undefined) observation.watch(observation.keyOf(child) ?? '');
  const watched = Math.min(...Array.from({ length: 11 }, () => timed(hit, 1)));
  const name = `event to a watched one of ${ACTORS} actors with timers, against one that is not`;
  put({ name, value: (watched / ACTORS_SHOWN) * 1_000, unit: 'µs', ratio: watched / bare });
  observation.close();
}

/** Figures of the inspector. */
export async function inspectFigures(put: (figure: Figure) => void): Promise<void> {
  costOfActors(put);
  await costUnwatched(put);
  await latencyWatched(put);
}

if (import.meta.main)
  await inspectFigures(({ name, value, unit, ratio }) =>
    console.log(name, value.toFixed(3), unit, ratio?.toFixed(2) ?? ''),
  );
