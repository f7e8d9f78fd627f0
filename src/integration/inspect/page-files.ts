import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A file of the page, as it is served. */
export interface PageFile {
  readonly body: Buffer;
  readonly type: string;
  readonly etag: string;
  /** Its name changes with what is in it. */
  readonly isImmutable: boolean;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.webmanifest': 'application/manifest+json',
};

/** As the build names what it makes: `assets/index-B1gx_9Zk.js`. */
const HASHED = /^\/assets\/[\w.-]+-[\w-]{8,}\.\w+$/;

/**
 * The built page. Only what was found in its folder is served, by the path under which it was found: a path from outside
 * is looked up and never opened.
 */
export class PageFiles {
  readonly #folder: string;
  #paths: ReadonlyMap<string, string> = new Map();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The file at this path of the address, `undefined` if there is none. */
  async find(path: string): Promise<PageFile | undefined> {
    const wanted = path === '/' ? '/index.html' : path;
    // One that is not known may have been built meanwhile.
    if (!this.#paths.has(wanted)) this.#paths = await this.#look();
    const file = this.#paths.get(wanted);
    const type = TYPES[/\.\w+$/.exec(wanted)?.[0] ?? ''];
    if (file === undefined || type === undefined) return undefined;
    const body = await readFile(file).catch(() => undefined);
    if (body === undefined) return undefined;
    const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
    return { body, type, etag, isImmutable: HASHED.test(wanted) };
  }

  async #look(): Promise<ReadonlyMap<string, string>> {
    const entries = await readdir(this.#folder, { recursive: true, withFileTypes: true }).catch(() => []);
    const files = entries
      .filter(entry => entry.isFile()) // a symbolic link is none
      .map((entry): [string, string] => {
        const file = join(entry.parentPath, entry.name);
        return [file.slice(this.#folder.length).replaceAll('\\', '/'), file];
      });
    return new Map(files.filter(([path]) => !path.includes('/.')));
  }
}
