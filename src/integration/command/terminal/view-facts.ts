import { countsOf } from './head-lines.ts';
import { storyText } from './pane-lines.ts';
import type { Picture } from './picture.ts';
import type { Facts } from './view-types.ts';

/** What the chart of the view must know of a picture. */
export function factsOf(picture: Picture, allowSend: boolean): Facts {
  const { row, watched } = picture;
  return {
    allowSend,
    role: row?.role ?? null,
    accepts: watched?.accepts ?? [],
    states: countsOf(picture).map(([state]) => state),
    logLines: watched?.log.length ?? 0,
    storyLines: storyText(picture.story).length,
  };
}
