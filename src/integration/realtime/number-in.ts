import { notAllowed } from '../../services/config-field.ts';

interface Range {
  readonly min: number;
  readonly max: number;
  readonly integer?: boolean;
  readonly unit?: string;
}

/** The value, if it is a number within the range; an `INVALID_CONFIG` that names field, value and range if not. */
export function numberIn(field: string, value: unknown, { min, max, integer = false, unit }: Range): number {
  const fits = typeof value === 'number' && value >= min && value <= max && (!integer || Number.isInteger(value));
  if (fits) return value;
  throw notAllowed(field, value, `${integer ? 'a whole number, ' : ''}${min} to ${max}${unit ? ` (${unit})` : ''}`);
}
