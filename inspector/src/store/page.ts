import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import { connectionStore } from './connection-store.ts';
import type { ConnectionStore } from './connection-types.ts';
import { type ListStore, listStore } from './list-store.ts';
import { type PlaybackStore, playbackStore } from './playback-store.ts';
import { type SelectionStore, selectionStore } from './selection-store.ts';
import { type ViewStore, viewStore } from './view-store.ts';

/** All that the parts of the page share. */
export interface Page {
  readonly connection: ConnectionStore;
  readonly list: ListStore;
  readonly selection: SelectionStore;
  readonly playback: PlaybackStore;
  readonly view: ViewStore;
}

export function createPage(token: string | null): Page {
  const view = viewStore();
  const connection = connectionStore(token);
  const list = listStore(connection);
  const selection = selectionStore(connection);
  return { connection, list, selection, playback: playbackStore(connection, selection), view };
}

export const PageContext = createContext<Page | null>(null);

export function usePage(): Page {
  const page = useContext(PageContext);
  if (page === null) throw new Error('usePage() outside of the page');
  return page;
}
