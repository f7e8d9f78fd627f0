/** Seconds that the small curve of events shows. */
export const CURVE_SECONDS = 24;

/** Events of the last seconds, one number for each, the latest last. */
export interface Rate {
  readonly total: number | null;
  readonly perSecond: readonly number[];
}

export const NO_RATE: Rate = { total: null, perSecond: [] };

/** The rate one second later. A total that fell is that of another process. */
export function rated(rate: Rate, total: number): Rate {
  if (rate.total === null || total < rate.total) return { total, perSecond: [] };
  return { total, perSecond: [...rate.perSecond, total - rate.total].slice(-CURVE_SECONDS) };
}

/** Events a second, over the last three seconds. */
export function recentRate({ perSecond }: Rate): number {
  const recent = perSecond.slice(-3);
  return recent.length === 0 ? 0 : recent.reduce((sum, n) => sum + n, 0) / recent.length;
}
