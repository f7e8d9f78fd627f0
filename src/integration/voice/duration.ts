import { notAllowed } from '../../services/config-field.ts';

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** A day: longer runs are given no end. */
const LONGEST_MS = 86_400_000;

/**
 * A duration as people write it: `500ms`, `20s`, `1.5m`, `2h`; ms.
 *
 * @throws SessionchartError `INVALID_CONFIG`, naming the option.
 */
export function parseDuration(option: string, text: string): number {
  const [, amount, unit = ''] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text.trim()) ?? [];
  const ms = Number(amount) * (UNIT_MS[unit] ?? Number.NaN);
  if (ms > 0 && ms <= LONGEST_MS) return ms;
  throw notAllowed(option, text, 'a time of more than 0 and at most 24h, such as 500ms, 20s, 2m');
}
