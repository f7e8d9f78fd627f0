import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createInspector } from '../../src/integration/inspect/index.ts';
import { hasBrowser, launch, screenshot } from './support/browser.ts';
import { InspectorPage } from './support/inspector-page.ts';
import { startJob } from './support/job.ts';
import { CANARY, watched } from './support/watched.ts';

const MANY = 10_000;

describe.skipIf(!hasBrowser)('the page, in Chromium', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser.close());

  test('[INS-100] the right state is lit from the start of a session to its end', async () => {
    await using lab = await watched();
    await using page = await InspectorPage.open(browser, lab.inspector.url);
    await page.live();
    const mint = lab.hold();
    const starting = lab.manager.startSession();
    await page.page.locator('.row', { hasText: 'starting' }).click();
    await page.lit('starting.acquiring');
    mint();
    const { sessionId } = await starting;
    await page.lit('serving.active');
    const renew = lab.hold();
    const renewing = lab.manager.renewSession(sessionId);
    await page.lit('serving.renewing.acquiring');
    renew();
    await renewing;
    await page.lit('serving.active');
    await lab.manager.endSession(sessionId);
    await page.lit('ended');
    await page.tab('story');
    await page.page.locator('#tab-panel', { hasText: 'end requested (user)' }).waitFor();
    expect(page.faults).toEqual([]);
  });

  test('[INS-100] the main job is watched while keys are renewed, until its sessions end', async () => {
    const job = await startJob();
    try {
      await using page = await InspectorPage.open(browser, job.url);
      await page.live();
      await page.page.locator('.row', { hasText: 'serving.active' }).first().click();
      await page.lit('serving.active');
      await page.lit('serving.renewing.acquiring');
      await page.lit('serving.active');
      // The one without speech is let go for being idle.
      await page.page.locator('.row', { hasText: 'idle' }).click();
      await page.lit('ended');
      expect(page.faults).toEqual([]);
    } finally {
      await job.stop();
    }
  });

  test('[INS-101] ten thousand sessions: the list holds what is seen, finds, filters, sorts and scrolls to the end', async () => {
    await using lab = await watched({ limit: MANY });
    const ids: string[] = [];
    for (let i = 0; i < MANY; i++) ids.push((await lab.manager.startSession()).sessionId);
    await using page = await InspectorPage.open(browser, lab.inspector.url);
    await page.live();
    const status = page.page.locator('.list-order [role=status]');
    const said = (text: string) => status.filter({ hasText: text.replaceAll(',', '\u2009') }).waitFor();
    await said('10,001 in all');
    expect(await page.page.locator('.row').count()).toBeLessThan(60);

    const wanted = ids[7_777] ?? '';
    await page.page.keyboard.press('/');
    await page.page.keyboard.type(wanted.slice(-12));
    await said('1 of 10,001');
    await page.page.keyboard.press('Enter');
    await page.lit('serving.active');
    await page.row(wanted).and(page.page.locator('[aria-selected=true]')).waitFor();
    await page.page.keyboard.press('/');
    await page.page.keyboard.press('Escape');
    await said('10,001 in all');

    for (const id of ids.slice(0, 5)) await lab.manager.pauseSession(id);
    await page.page.locator('.chip', { hasText: 'paused' }).click();
    await said('5 of 10,001');
    await page.page.locator('.chip', { hasText: 'paused' }).click();
    await said('10,001 in all');

    const list = page.page.locator('[role=listbox]');
    await list.evaluate(rows => rows.scrollTo({ top: rows.scrollHeight }));
    // The newest come first.
    await page.row(ids[0] ?? '').waitFor();
    expect(await page.page.locator('.row').count()).toBeLessThan(60);
    expect(page.faults).toEqual([]);
  });

  test('[INS-102] an event that is sent from the page moves the session; one that is refused is told', async () => {
    await using lab = await watched();
    const { sessionId } = await lab.manager.startSession();
    await using page = await InspectorPage.open(browser, lab.inspector.url);
    await page.live();
    await page.choose(sessionId);
    await page.tab('send');
    await page.page.getByRole('button', { name: 'PAUSE', exact: true }).click();
    await page.lit('paused');
    expect(lab.manager.getSessionInfo(sessionId)?.state).toBe('paused');
    await page.page.getByRole('button', { name: 'RESUME', exact: true }).click();
    await page.lit('serving.active');
    await page.page.locator('.send-other', { hasText: 'RESUME' }).waitFor();
    expect(page.faults).toEqual([]);
  });

  test('[INS-102] a read-only inspector says so and offers nothing to send', async () => {
    await using lab = await watched({}, { allowSend: false });
    const { sessionId } = await lab.manager.startSession();
    await using page = await InspectorPage.open(browser, lab.inspector.url);
    await page.live();
    await page.choose(sessionId);
    await page.tab('send');
    await page.page.locator('#tab-panel', { hasText: 'Looking only' }).waitFor();
    expect(await page.page.locator('.send-event').count()).toBe(0);
  });

  test('[INS-103] the view is paused and led back through the history, while the session goes on', async () => {
    await using lab = await watched();
    await using page = await InspectorPage.open(browser, lab.inspector.url);
    await page.live();
    const mint = lab.hold();
    const starting = lab.manager.startSession();
    await page.page.locator('.row', { hasText: 'starting' }).click();
    await page.lit('starting.acquiring');
    mint();
    const { sessionId } = await starting;
    await page.lit('serving.active');
    await page.page.keyboard.press('Space');
    await page.page.locator('.past-banner').waitFor();
    await lab.manager.pauseSession(sessionId);
    await page.row(sessionId).filter({ hasText: 'paused' }).waitFor();
    await page.lit('serving.active');
    await page.page.keyboard.press('Home');
    await page.lit('starting.acquiring');
    await page.page.keyboard.press('End');
    await page.lit('paused');
    expect(page.faults).toEqual([]);
  });

  test('[INS-104] when the process is back the page goes on by itself, and says that it was started again', async () => {
    await using lab = await watched();
    const { sessionId } = await lab.manager.startSession();
    const { port, token, url } = lab.inspector;
    await using page = await InspectorPage.open(browser, url);
    await page.live();
    await page.choose(sessionId);
    await page.lit('serving.active');
    await lab.inspector.close();
    await page.page.locator('.link-pill[data-state=away]').waitFor();
    await lab.manager.pauseSession(sessionId);
    await using again = await createInspector({ port, token });
    again.attach(lab.manager, 'sessions');
    await page.live();
    await page.page.locator('.notice', { hasText: 'started again' }).waitFor();
    await page.choose(sessionId);
    await page.lit('paused');
  });

  test('[INS-104] a process that was killed and started again at the same address is found again', async () => {
    const token = 'a-token-for-both-processes';
    const first = await startJob(['--port', '0'], { SESSIONCHART_INSPECTOR_TOKEN: token });
    await using page = await InspectorPage.open(browser, first.url);
    await page.live();
    await page.page.locator('.row', { hasText: 'serving.active' }).first().click();
    await page.lit('serving.active');
    await first.stop('SIGKILL');
    await page.page.locator('.link-pill[data-state=away]').waitFor();
    const second = await startJob(['--port', new URL(first.url).port], { SESSIONCHART_INSPECTOR_TOKEN: token });
    try {
      await page.live();
      await page.page.locator('.notice', { hasText: 'started again' }).waitFor();
      await page.page.locator('.row', { hasText: 'serving.active' }).first().click();
      await page.lit('serving.active');
    } finally {
      await second.stop();
    }
  });

  test('[INS-105] a wrong token is refused in words, and the right one lets in', async () => {
    await using lab = await watched();
    const wrong = lab.inspector.url.replace(lab.inspector.token, 'x'.repeat(43));
    await using page = await InspectorPage.open(browser, wrong);
    await page.page.locator('.gate', { hasText: 'This needs a token' }).waitFor();
    await page.page.locator('#gate-token').fill(lab.inspector.url);
    await page.page.getByRole('button', { name: 'Connect' }).click();
    await page.live();
    expect(page.page.url()).not.toContain(lab.inspector.token);
    expect(page.faults.filter(fault => !fault.includes('401'))).toEqual([]);
  });

  test('[INS-106] no secret is on the page, whatever is opened', async () => {
    await using lab = await watched();
    const { sessionId } = await lab.manager.startSession();
    await using page = await InspectorPage.open(browser, lab.inspector.url);
    const frames: string[] = [];
    page.page.on('websocket', socket => socket.on('framereceived', ({ payload }) => frames.push(String(payload))));
    await page.page.reload();
    await page.live();
    await page.choose(sessionId);
    await lab.manager.renewSession(sessionId);
    for (const tab of ['log', 'sequence', 'context', 'story', 'send']) {
      await page.tab(tab);
      expect(await page.page.content()).not.toContain(CANARY);
    }
    expect(frames.length).toBeGreaterThan(0);
    expect(frames.filter(frame => frame.includes(CANARY))).toEqual([]);
  });

  test('[INS-107] every view is drawn, light and dark, wide and narrow', async () => {
    const job = await startJob();
    try {
      for (const scheme of ['light', 'dark'] as const) {
        await using page = await InspectorPage.open(browser, job.url, { scheme });
        await page.live();
        await page.page.locator('.row', { hasText: 'serving.active' }).first().click();
        await page.lit('serving.renewing.acquiring');
        for (const tab of ['log', 'sequence', 'context', 'story', 'send']) {
          await page.tab(tab);
          expect(await screenshot(page.watched, `${scheme}-${tab}`)).toBeGreaterThan(50);
        }
        await page.page.locator('.row', { hasText: 'coordinator' }).click();
        await page.page.locator('[data-node="coordinator"]').waitFor();
        expect(await screenshot(page.watched, `${scheme}-coordinator`)).toBeGreaterThan(50);
        expect(page.faults).toEqual([]);

        await using narrow = await InspectorPage.open(browser, job.url, { scheme, width: 380 });
        await narrow.live();
        expect(await screenshot(narrow.watched, `${scheme}-narrow-sessions`)).toBeGreaterThan(50);
        await narrow.page.locator('.row', { hasText: 'serving.active' }).first().click();
        await narrow.page.locator('[data-node="session"]').waitFor();
        expect(await screenshot(narrow.watched, `${scheme}-narrow-chart`)).toBeGreaterThan(50);
        const overflow = await narrow.page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
        expect(overflow).toBeLessThanOrEqual(0);
        expect(narrow.faults).toEqual([]);
      }
    } finally {
      await job.stop();
    }
  });

  test('[INS-107] nothing is wider than a narrow page, however long the names and whatever went wrong', async () => {
    let count = 0;
    await using lab = await watched(
      {
        limit: 9,
        createSessionId: () => `${'a-long-name-'.repeat(15)}${count++}`,
        credentials: {
          async mint({ sessionId }) {
            if (!sessionId.endsWith('0')) return { secret: CANARY, expiresAt: Date.now() + 60_000 };
            throw Object.assign(new Error('no'), { status: 403 });
          },
        },
      },
      { title: 'A process with a title of many words' },
    );
    await lab.manager.startSession().catch(() => undefined);
    for (let i = 0; i < 3; i++) await lab.manager.startSession();
    const [failed = '', , paused = '', ended = ''] = lab.manager.getAllSessions().map(({ sessionId }) => sessionId);
    await lab.manager.pauseSession(paused);
    await lab.manager.endSession(ended);
    await using page = await InspectorPage.open(browser, lab.inspector.url, { width: 320 });
    await page.live();
    const overflow = () => page.page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    for (const id of [failed, paused, ended]) {
      await page.page.locator('.pane-tab', { hasText: 'Sessions' }).click();
      await page.row(id).click();
      await page.page.locator('.stage-head').waitFor();
      for (const pane of ['Chart', 'Log', 'Sequence', 'Context', 'Story', 'Send']) {
        await page.page.locator('.pane-tab', { hasText: pane }).click();
        expect([pane, await overflow()]).toEqual([pane, 0]);
      }
    }
    expect(page.faults).toEqual([]);
  });

  test('[INS-108] a deadline counts down on its edge and on the time line', async () => {
    await using lab = await watched();
    const { sessionId } = await lab.manager.startSession();
    await using page = await InspectorPage.open(browser, lab.inspector.url);
    await page.live();
    await page.choose(sessionId);
    const left = page.page.locator('[data-node="session.serving"] [data-delay="inactivity"] .chart-time').first();
    await left.filter({ hasText: /^4:5\d$/ }).waitFor();
    await page.page.locator('.time', { hasText: 'inactivity' }).waitFor();
    await lab.manager.pauseSession(sessionId);
    await page.lit('paused');
    await left.filter({ hasText: /^$/ }).waitFor({ state: 'attached' });
  });
});
