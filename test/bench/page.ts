// How fast the inspector's page is, in the Chromium of this machine; left out where there is none.
import { existsSync } from 'node:fs';
import { chromium, type Page } from 'playwright-core';
import { buildPage } from '../../scripts/build-page.ts';
import { createSessionManager } from '../../src/index.ts';
import { createInspector } from '../../src/integration/inspect/index.ts';
import { type Figure, median } from './figures.ts';

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'];
const SESSIONS = 10_000;
const VISITS = 5;

export async function pageFigures(put: (figure: Figure) => void): Promise<void> {
  if (!existsSync(CHROMIUM)) {
    console.error(`no ${CHROMIUM}: the page is not measured`);
    return;
  }
  await buildPage();
  const manager = createSessionManager({ limit: SESSIONS, config: { inactivityTimeoutMinutes: 60 } });
  await manager.initialize();
  for (let i = 0; i < SESSIONS; i++) await manager.startSession();
  await using inspector = await createInspector();
  inspector.attach(manager);
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
  const paints: number[] = [];
  const lists: number[] = [];
  let frames: number[] = [];
  let requests = 0;
  for (let visit = 0; visit < VISITS; visit++) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
    const page = await context.newPage();
    requests = 0;
    page.on('request', () => requests++);
    await page.goto(inspector.url);
    await page.locator('.row:not(.row-skeleton)').first().waitFor();
    lists.push(await page.evaluate('performance.now()'));
    paints.push(await page.evaluate(`performance.getEntriesByName('first-contentful-paint')[0].startTime`));
    if (visit === VISITS - 1) frames = await framesOfScroll(page);
    await context.close();
  }
  await browser.close();
  await manager[Symbol.asyncDispose]();
  put({ name: 'page, first contentful paint', value: median(paints), unit: 'ms' });
  put({ name: `page, first rows of ${SESSIONS} sessions`, value: median(lists), unit: 'ms' });
  put({ name: 'page, requests of the first visit', value: requests, unit: '' });
  put({ name: `page, frame while ${SESSIONS} rows are scrolled, median`, value: median([...frames]), unit: 'ms' });
  put({ name: 'page, longest of them', value: Math.max(...frames), unit: 'ms' });
}

/** Scrolls through the whole list in two seconds of frames, and tells how long each frame took. */
const framesOfScroll = (page: Page): Promise<number[]> =>
  page.evaluate(`new Promise(resolve => {
    const list = document.querySelector('[role=listbox]');
    const times = [];
    let last = performance.now();
    const step = now => {
      times.push(now - last);
      last = now;
      if (times.length > 120) return resolve(times.slice(1));
      list.scrollTop = (list.scrollHeight * times.length) / 120;
      requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  })`);
