import type { Point } from '../../layout/layout-types.ts';

/** Where a chart is in its frame: `scale` times as large, its upper left corner at `x`, `y`, px. */
export interface View extends Point {
  readonly scale: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

export const LEAST_SCALE = 0.15;
export const MOST_SCALE = 4;
/** A small chart is not blown up beyond this when it is fitted. */
const MOST_FITTED = 1.3;
const MARGIN = 10;
/** Fitted smaller than this, the texts of a chart cannot be read. */
const LEAST_LEGIBLE = 0.55;
/** As large as a chart is at least while its active state is followed. */
const FOLLOWED = 0.85;

/** The chart in the middle of its frame, as large as fits. */
export function fitted(chart: Size, frame: Size): View {
  const room = { width: Math.max(1, frame.width - 2 * MARGIN), height: Math.max(1, frame.height - 2 * MARGIN) };
  const wanted = Math.min(room.width / Math.max(1, chart.width), room.height / Math.max(1, chart.height));
  const scale = Math.min(MOST_FITTED, Math.max(LEAST_SCALE, wanted));
  return { scale, x: (frame.width - chart.width * scale) / 2, y: (frame.height - chart.height * scale) / 2 };
}

/** Whether the texts of a chart can be read when all of it is in the frame. */
export const isLegible = (chart: Size, frame: Size): boolean => fitted(chart, frame).scale >= LEAST_LEGIBLE;

/** Large enough to be read, with an area of the chart in the middle, and no more empty room beside the chart than needed. */
export function following(chart: Size, frame: Size, area: Point & Size): View {
  const scale = Math.max(FOLLOWED, fitted(chart, frame).scale);
  const along = (at: number, size: number, whole: number, room: number): number => {
    if (whole * scale <= room - 2 * MARGIN) return (room - whole * scale) / 2;
    const centred = room / 2 - (at + size / 2) * scale;
    return Math.min(MARGIN, Math.max(room - MARGIN - whole * scale, centred));
  };
  return {
    scale,
    x: along(area.x, area.width, chart.width, frame.width),
    y: along(area.y, area.height, chart.height, frame.height),
  };
}

/** `times` as large; the point of the frame at `about` stays where it is. */
export function zoomed(view: View, about: Point, times: number): View {
  const scale = Math.min(MOST_SCALE, Math.max(LEAST_SCALE, view.scale * times));
  const real = scale / view.scale;
  return { scale, x: about.x - (about.x - view.x) * real, y: about.y - (about.y - view.y) * real };
}

/** Moved, but never so far that nothing of the chart is left in the frame. */
export function panned(view: View, dx: number, dy: number, chart: Size, frame: Size): View {
  const keep = 48;
  const within = (at: number, size: number, room: number): number =>
    Math.min(room - keep, Math.max(keep - size * view.scale, at));
  return {
    ...view,
    x: within(view.x + dx, chart.width, frame.width),
    y: within(view.y + dy, chart.height, frame.height),
  };
}

/** Moved as little as shows the whole area, or its beginning if it is larger than the frame. */
export function revealing(view: View, area: Point & Size, frame: Size): View {
  const shift = (at: number, size: number, room: number, offset: number): number => {
    const from = offset + at * view.scale;
    const to = from + size * view.scale;
    if (from < MARGIN || to - from > room - 2 * MARGIN) return MARGIN - from;
    return to > room - MARGIN ? room - MARGIN - to : 0;
  };
  return {
    ...view,
    x: view.x + shift(area.x, area.width, frame.width, view.x),
    y: view.y + shift(area.y, area.height, frame.height, view.y),
  };
}
