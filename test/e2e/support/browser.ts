import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { inject } from 'vitest';

const SCREENSHOTS = resolve(import.meta.dirname, '../../../screenshots');

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export const hasBrowser = inject('chromium') !== '';

export const launch = (): Promise<Browser> => chromium.launch({ executablePath: inject('chromium'), args: FLAGS });

/** A page, with what it did that it should not: lines on the console, errors, requests beyond this machine. */
export interface WatchedPage {
  readonly page: Page;
  readonly context: BrowserContext;
  readonly faults: string[];
}

export interface PageOptions {
  readonly width?: number;
  readonly height?: number;
  readonly scheme?: 'light' | 'dark';
}

export async function openPage(browser: Browser, options: PageOptions = {}): Promise<WatchedPage> {
  const { width = 1280, height = 800, scheme = 'light' } = options;
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme });
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('console', message => {
    if (['error', 'warning'].includes(message.type())) faults.push(`console: ${message.text()}`);
  });
  page.on('pageerror', error => faults.push(`error: ${error.message}`));
  page.on('request', request => {
    const { protocol, hostname } = new URL(request.url());
    if (protocol !== 'data:' && hostname !== '127.0.0.1') faults.push(`request: ${request.url()}`);
  });
  page.on('websocket', socket => {
    if (new URL(socket.url()).hostname !== '127.0.0.1') faults.push(`socket: ${socket.url()}`);
  });
  return { page, context, faults };
}

/**
 * Writes a picture of the page to the folder `screenshots/`.
 *
 * @returns how many different colours are in it, counted in the browser on a grid of points: a blank page has one.
 */
export async function screenshot({ page }: WatchedPage, name: string): Promise<number> {
  mkdirSync(SCREENSHOTS, { recursive: true });
  const png = await page.screenshot();
  writeFileSync(join(SCREENSHOTS, `${name}.png`), png);
  return colours(page.context(), png);
}

async function colours(context: BrowserContext, png: Buffer): Promise<number> {
  const canvas = await context.newPage();
  try {
    return await canvas.evaluate(async data => {
      const image = new Image();
      image.src = `data:image/png;base64,${data}`;
      await image.decode();
      const { width, height } = image;
      const drawing = new OffscreenCanvas(width, height).getContext('2d');
      drawing?.drawImage(image, 0, 0);
      const pixels = drawing?.getImageData(0, 0, width, height).data ?? new Uint8ClampedArray();
      const seen = new Set<number>();
      for (let at = 0; at < pixels.length; at += 4 * 7) {
        seen.add(((pixels[at] ?? 0) << 16) | ((pixels[at + 1] ?? 0) << 8) | (pixels[at + 2] ?? 0));
      }
      return seen.size;
    }, png.toString('base64'));
  } finally {
    await canvas.close();
  }
}
