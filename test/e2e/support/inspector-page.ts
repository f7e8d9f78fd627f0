import type { Browser, Locator, Page } from 'playwright-core';
import { openPage, type PageOptions, type WatchedPage } from './browser.ts';

/** The page as a person uses it. */
export class InspectorPage implements AsyncDisposable {
  readonly watched: WatchedPage;

  private constructor(watched: WatchedPage) {
    this.watched = watched;
  }

  static async open(browser: Browser, url: string, options?: PageOptions): Promise<InspectorPage> {
    const watched = await openPage(browser, options);
    await watched.page.goto(url);
    return new InspectorPage(watched);
  }

  get page(): Page {
    return this.watched.page;
  }

  /** What the browser complained of, and what it asked of others. */
  get faults(): readonly string[] {
    return this.watched.faults;
  }

  async live(): Promise<this> {
    await this.page.locator('.link-pill[data-state=live]').waitFor();
    return this;
  }

  row(sessionId: string): Locator {
    return this.page.locator(`.row:has([title="${sessionId}"])`);
  }

  /** Chooses a session in the list; its chart is there afterwards. */
  async choose(sessionId: string): Promise<void> {
    await this.row(sessionId).click();
    await this.page.locator('[data-node="session"]').waitFor();
  }

  /** Waits until this leaf is lit, and no other. */
  async lit(leaf: string): Promise<void> {
    await this.page.waitForFunction(wanted => {
      const lit = [...document.querySelectorAll('[data-node].is-active')].map(box => box.getAttribute('data-node'));
      return lit.length === 1 && lit[0] === wanted;
    }, `session.${leaf}`);
  }

  async tab(name: string): Promise<void> {
    await this.page.locator(`#tab-${name}`).click();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.watched.context.close();
  }
}
