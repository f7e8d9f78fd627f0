const KEY = 'sessionchart.token';

/** What the token is kept in: `sessionStorage` in a browser. */
interface Shelf {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
}

/** A token as it may be pasted: alone, as a fragment, or in a whole address. `null` if there is none in it. */
export function tokenIn(text: string): string | null {
  const trimmed = text.trim();
  const named = /[#&?]token=([^&\s]+)/.exec(trimmed)?.[1] ?? /^token=([^&\s]+)$/.exec(trimmed)?.[1];
  const token = named === undefined ? trimmed : decode(named);
  return /^[\w-]{16,512}$/.test(token) ? token : null;
}

/** Takes the token out of the address, where it would be seen and kept; the tab remembers it over a reload. */
export function takeToken(hash: string, shelf: Shelf, strip: () => void): string | null {
  const fresh = hash.includes('token=') ? tokenIn(hash) : null;
  if (hash.includes('token=')) strip();
  if (fresh !== null) keepToken(fresh, shelf);
  return fresh ?? shelf.getItem(KEY);
}

export function keepToken(token: string, shelf: Shelf): void {
  shelf.setItem(KEY, token);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
