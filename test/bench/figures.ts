export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly ratio?: number;
}

export const median = (numbers: number[]): number =>
  numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;

/** Time of one call, ms, over a batch. */
export function timed(call: () => unknown, batch = 2_000): number {
  const since = performance.now();
  for (let i = 0; i < batch; i++) call();
  return (performance.now() - since) / batch;
}
