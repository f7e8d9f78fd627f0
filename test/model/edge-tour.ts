import type { AnyMachineSnapshot } from 'xstate';
import type { ChartLab, Stimulus, World } from './chart-lab.ts';

/** A way through a chart: what happens, one after the other. */
export type Path = readonly Stimulus[];

export interface Tour {
  /** For each covered edge a shortest path that takes it. */
  readonly paths: ReadonlyMap<string, Path>;
  readonly states: number;
}

export interface TourOptions {
  readonly stimuli: (world: World) => Iterable<Stimulus>;
  /** What tells two moments apart; bounded, so that the search ends. */
  readonly identity: (snapshot: AnyMachineSnapshot, world: World) => string;
  /** Moments looked at, at most. */
  readonly limit: number;
}

/** Walks a chart breadth-first and keeps, for each transition, the first path that takes it. */
export function edgeTour(lab: ChartLab, { stimuli, identity, limit }: TourOptions): Tour {
  const paths = new Map<string, Path>();
  const seen = new Set<string>();
  const start = lab.begin();
  for (const edge of start.edges) paths.set(edge, []);
  let frontier: { readonly world: World; readonly path: Path }[] = [{ world: start.world, path: [] }];
  seen.add(identity(start.world.snapshot, start.world));
  while (frontier.length > 0 && seen.size < limit) {
    const next: typeof frontier = [];
    for (const { world, path } of frontier) {
      for (const stimulus of stimuli(world)) {
        const step = lab.step(world, stimulus);
        if (step === undefined) continue;
        const longer = [...path, stimulus];
        for (const edge of step.edges) if (!paths.has(edge)) paths.set(edge, longer);
        const key = identity(step.world.snapshot, step.world);
        if (seen.has(key)) continue;
        seen.add(key);
        next.push({ world: step.world, path: longer });
      }
    }
    frontier = next;
  }
  return { paths, states: seen.size };
}
