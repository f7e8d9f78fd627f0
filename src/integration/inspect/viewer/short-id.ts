/** A piece of an id; `hit` where the search matches. */
export interface IdPiece {
  readonly text: string;
  readonly hit: boolean;
}

/** Characters of an id that fit into a row. */
const FITS = 23;
const ELLIPSIS = '…';

/**
 * An id as it fits into a row, in pieces. Of a long one the middle is left out, as what tells ids apart is mostly at
 * their ends, and where a search matches in the middle that is shown.
 */
export function shortId(id: string, search: string, fits = FITS): readonly IdPiece[] {
  const hitAt = search === '' ? -1 : id.toLowerCase().indexOf(search.toLowerCase());
  const hitEnd = hitAt < 0 ? -1 : hitAt + search.length;
  const keep = keptOf(id, hitAt, hitEnd, fits);
  const pieces: { text: string; hit: boolean }[] = [];
  const add = (text: string, hit: boolean): void => {
    const last = pieces.at(-1);
    if (text === '') return;
    if (last?.hit === hit) last.text += text;
    else pieces.push({ text, hit });
  };
  let at = 0;
  for (const [from, to] of keep) {
    if (from > at) add(ELLIPSIS, false);
    const a = Math.min(Math.max(hitAt, from), to);
    const b = Math.min(Math.max(hitEnd, from), to);
    add(id.slice(from, a), false);
    add(id.slice(a, b), true);
    add(id.slice(b, to), false);
    at = to;
  }
  if (at < id.length) add(ELLIPSIS, false);
  return pieces;
}

/** The ranges of an id that are shown. */
function keptOf(id: string, hitAt: number, hitEnd: number, fits: number): readonly (readonly [number, number])[] {
  if (id.length <= fits) return [[0, id.length]];
  const tail = Math.floor(fits * 0.6);
  const head = fits - tail - 1;
  const tailFrom = id.length - tail;
  if (hitAt < 0 || hitEnd <= head || hitAt >= tailFrom) {
    return [
      [0, head],
      [tailFrom, id.length],
    ];
  }
  const room = Math.max(0, fits - 2 - (hitEnd - hitAt));
  const from = Math.max(0, hitAt - Math.floor(room / 2));
  return [[from, Math.min(id.length, Math.max(hitEnd, from + fits - 2))]];
}
