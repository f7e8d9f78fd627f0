import type { SystemClock } from '../../services/system-clock.ts';

/** How long to look for things that are on their way out, in turns of the event loop. */
const PATIENCE_TURNS = 200;

export interface Residue {
  readonly timers: number;
  readonly sockets: number;
}

/** What a process still holds: armed timers and open sockets. What is just being closed is given a moment. */
export async function leftBehind(clock: SystemClock): Promise<Residue> {
  let residue = count(clock);
  for (let turn = 0; turn < PATIENCE_TURNS && residue.timers + residue.sockets > 0; turn++) {
    await new Promise(resolve => setImmediate(resolve));
    residue = count(clock);
  }
  return residue;
}

function count(clock: SystemClock): Residue {
  const resources = process.getActiveResourcesInfo();
  return {
    timers: clock.pending + resources.filter(name => name === 'Timeout').length,
    sockets: resources.filter(name => name.startsWith('TCP')).length,
  };
}
