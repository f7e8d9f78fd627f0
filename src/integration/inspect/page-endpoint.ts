import type { Endpoint, EndpointParts } from './endpoint.ts';
import { News } from './page-frames.ts';
import { SharedLists } from './page-lists.ts';
import { type ChartKey, type Definition, SUBPROTOCOL, type Welcome } from './page-protocol.ts';
import { type PageParts, PageViewer } from './page-viewer.ts';

/** The endpoint of our own page, and the news for all pages. */
export interface PageEndpoint extends Endpoint {
  /**
   * Tells every viewer what changed since the last time, a few at a time, so that whatever else the process has to do waits for none of it.
   *
   * @returns what it took, ms, with the lists that were asked for since the last time: each news makes pages ask anew.
   */
  tell(): Promise<number>;
}

/** Viewers are told for so long before everything else in the process gets its turn, ms. */
const SLICE_MS = 0.5;

/** Definitions that are kept as texts: one that is not is made again. */
const MOST_DEFINITIONS = 256;

/** Lets whatever is ready run: events of sessions, timers, sockets. */
const nextTurn = (): Promise<void> => new Promise(resolve => setImmediate(resolve));

/** @param facts what a viewer is welcomed with, beyond what is observed. */
export function pageEndpoint(
  parts: EndpointParts,
  facts: Pick<Welcome, 'instance' | 'title' | 'version'>,
): PageEndpoint {
  const { observation, clock, allowSend, onFault } = parts;
  const viewers = new Set<PageViewer>();
  const lists = new SharedLists(observation, clock);
  /** Charts do not change. The latest ones. */
  const definitions = new Map<ChartKey, string>();
  const pageParts: PageParts = {
    ...parts,
    welcome: () => ({
      type: 'welcome',
      ...facts,
      allowSend,
      now: clock.wall(),
      sources: observation.sources,
      overview: observation.overview(),
    }),
    definition(chart) {
      const known = definitions.get(chart);
      const definition = known === undefined ? observation.chartOf(chart) : undefined;
      if (definition === undefined) return known;
      const message: Definition = { type: 'definition', definition };
      const text = JSON.stringify(message);
      definitions.set(chart, text);
      const [oldest] = definitions.keys();
      if (definitions.size > MOST_DEFINITIONS && oldest !== undefined) definitions.delete(oldest);
      return text;
    },
    lists,
    follow: viewer => void viewers.add(viewer),
    unfollow(viewer) {
      viewers.delete(viewer);
      if (viewers.size > 0) return;
      lists.clear();
      definitions.clear();
    },
  };
  return {
    path: '/page',
    subprotocol: SUBPROTOCOL,
    tokenIn: 'subprotocol',
    needsHello: true,
    accept: connection => new PageViewer(connection, pageParts),
    async tell() {
      let since = clock.now();
      const news = new News(observation.take(), clock.wall());
      let took = lists.clear();
      const waiting = [...viewers];
      for (const viewer of waiting) viewer.announce(news);
      for (const viewer of waiting) {
        try {
          viewer.tell();
        } catch (error) {
          onFault(error);
          viewer.dismiss();
        }
        const spent = clock.now() - since;
        if (spent < SLICE_MS) continue;
        took += spent;
        await nextTurn();
        since = clock.now();
      }
      return took + clock.now() - since;
    },
  };
}
