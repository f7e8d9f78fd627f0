/** Ids that mean something else where they are not taken as plain text: patterns, paths, statements, names of properties. */
export const ODD_IDS = [
  '*',
  '%',
  '_',
  '.*',
  '../one',
  "' OR '1'='1",
  '__proto__',
  'constructor',
  'on',
  'one ',
  'ONE',
  '',
] as const;

/** Ids that a store which cuts, folds or normalises them takes for one another: the one in it, and one that is not. */
export const TWINS = [
  [
    'session-1767225600000-0b8f6f0e-2c1d-4a55-9f43-7d1f3d3a6c01',
    'session-1767225600000-0b8f6f0e-2c1d-4a55-9f43-7d1f3d3a6c02',
  ],
  [`session-${'0'.repeat(300)}-a`, `session-${'0'.repeat(300)}-b`],
  ['caf\u00e9', 'cafe\u0301'],
  ['\ufb01ne', 'fine'],
  ['stra\u00dfe', 'strasse'],
  ['7', '07'],
] as const;

/** Longest id that is printed in full. */
const LONGEST_SHOWN = 64;

/** An id in an error: the middle of a long one is left out, and what looks like something else is escaped. */
export function shownId(id: string): string {
  const short = id.length > LONGEST_SHOWN ? `${id.slice(0, 12)}...${id.slice(-12)}` : id;
  return JSON.stringify(short).replace(/[^ -~]/g, odd => `\\u${odd.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
