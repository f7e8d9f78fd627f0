import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** A page on the disk that leads a browser on to an address. */
export interface Handover {
  readonly href: string;
  /** May be called more than once. */
  remove(): void;
}

/** Writes such a page into a new folder. Both are for this user alone. */
export function handOver(url: string, parent = tmpdir()): Handover {
  const folder = mkdtempSync(join(parent, 'sessionchart-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    const file = join(folder, 'inspector.html');
    writeFileSync(file, pageTo(url), { mode: 0o600, flag: 'wx' });
    return { href: pathToFileURL(file).href, remove };
  } catch (error) {
    remove();
    throw error;
  }
}

function pageTo(url: string): string {
  const address = url.replace(/[&<>"']/g, letter => `&#${letter.charCodeAt(0)};`);
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="referrer" content="no-referrer">
    <meta http-equiv="refresh" content="0;url=${address}">
    <title>Sessions</title>
  </head>
  <body><a href="${address}">Go on to the inspector</a></body>
</html>
`;
}
