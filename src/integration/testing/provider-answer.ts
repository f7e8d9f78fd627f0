import type { Clock } from '../../actors/ports.ts';

/** The fields of an answer, read once. */
export interface Answer {
  readonly secret: unknown;
  readonly expiresAt: unknown;
  readonly id: unknown;
  /** The wall clock when it was read. */
  readonly wall: number;
}

/** Reads them as a session would: what cannot be read is missing. */
export function read(value: unknown, clock: Clock): Answer {
  const field = (name: string): unknown => {
    try {
      return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
    } catch {
      return undefined;
    }
  };
  const expiresAt = field('expiresAt');
  return {
    secret: field('secret'),
    expiresAt: expiresAt instanceof Date ? new Date(expiresAt) : expiresAt,
    id: field('id'),
    wall: clock.wall(),
  };
}

/** Text that is not empty, or nothing. */
export const asText = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;
