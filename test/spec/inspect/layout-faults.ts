import type { Area, Box, ChartLayout, Point } from '../../../inspector/layout/layout-types.ts';
import { textWidth } from '../../../inspector/layout/text-width.ts';
import type { ChartDefinition } from '../../../src/integration/inspect/page-protocol.ts';

/** Coordinates are rounded to tenths. */
const SLACK = 0.21;

/** Every state and every transition is there once. */
export function countFaults(definition: ChartDefinition, { boxes, arrows }: ChartLayout): string[] {
  const faults: string[] = [];
  const states = boxes.map(({ id }) => id).sort();
  if (
    states.join() !==
    definition.nodes
      .map(({ id }) => id)
      .sort()
      .join()
  )
    faults.push(`states: ${states.join()}`);
  for (const { id, source, targets } of definition.edges) {
    const inArrows = arrows.filter(arrow => arrow.edges.includes(id));
    const chips = boxes.flatMap(box => box.chips.filter(chip => chip.edges.includes(id)).map(() => box.id));
    if (inArrows.length > 1) faults.push(`${id} is in ${inArrows.length} arrows`);
    if (chips.join() !== source) faults.push(`${id} is written in [${chips.join()}], not once in ${source}`);
    const [arrow] = inArrows;
    if (arrow === undefined) continue;
    if (arrow.source !== source || arrow.targets.join() !== targets.join()) faults.push(`${id} leads elsewhere`);
    if (arrow.paths.length !== targets.length) faults.push(`${id} has ${arrow.paths.length} ways`);
  }
  return faults;
}

/** Boxes beside each other are apart, and those inside a state are in its frame, below its texts. */
export function boxFaults({ boxes, width, height }: ChartLayout): string[] {
  const faults: string[] = [];
  for (const one of boxes) {
    const parent = boxes.find(({ id }) => id === one.parent);
    const around = parent ?? { id: 'chart', x: 0, y: 0, width, height, head: 0 };
    const inner = { ...around, y: around.y + around.head, height: around.height - around.head };
    if (!contains(inner, one)) faults.push(`${one.id} is not inside ${around.id}`);
    for (const other of boxes)
      if (one.id < other.id && one.parent === other.parent && overlap(one, other))
        faults.push(`${one.id} and ${other.id} overlap`);
  }
  return faults;
}

/** Texts are inside their boxes, have the room that they need, and cover nothing. */
export function textFaults({ boxes }: ChartLayout): string[] {
  const faults: string[] = [];
  const texts = boxes.flatMap(textsOf);
  for (const text of texts) {
    if (!contains({ ...text.box, height: text.box.head }, text)) faults.push(`"${text.text}" leaves ${text.box.id}`);
    for (const other of texts)
      if (text !== other && overlap(text, other)) faults.push(`"${text.text}" and "${other.text}" of ${text.box.id}`);
    for (const box of boxes)
      if (!around(box, text.box) && overlap(text, box))
        faults.push(`"${text.text}" of ${text.box.id} is over ${box.id}`);
  }
  for (const { chips } of boxes)
    for (const { text, guard, to, width } of chips) {
      const words = [text, guard && `[${guard}]`, to && `→ ${to}`].filter(Boolean).join(' ');
      if (textWidth(words, 11) > width + 1) faults.push(`"${words}" has only ${width} px`);
    }
  return faults;
}

/** Arrows run straight, from their text to a side of their state, and through no text and no state but those around. */
export function arrowFaults({ boxes, arrows }: ChartLayout): string[] {
  const faults: string[] = [];
  const texts = boxes.flatMap(textsOf);
  for (const { source, targets, paths } of arrows)
    for (const [at, points] of paths.entries()) {
      const name = `${source} → ${targets[at]}`;
      const from = boxes.find(({ id }) => id === source) as Box;
      const to = boxes.find(({ id }) => id === targets[at]) as Box;
      if (!contains(from, { ...(points[0] as Point), width: 0, height: 0 })) faults.push(`${name} begins elsewhere`);
      if (!isOnEdge(to, points.at(-1) as Point)) faults.push(`${name} ends elsewhere`);
      for (const [nth, point] of points.slice(0, -1).entries()) {
        const next = points[nth + 1] as Point;
        if (Math.abs(point.x - next.x) > SLACK && Math.abs(point.y - next.y) > SLACK) faults.push(`${name} is slanted`);
        const line = {
          x: Math.min(point.x, next.x),
          y: Math.min(point.y, next.y),
          width: Math.abs(point.x - next.x),
          height: Math.abs(point.y - next.y),
        };
        for (const box of boxes)
          if (!around(box, from) && (!around(box, to) || box === to) && overlap(line, box))
            faults.push(`${name} runs through ${box.id}`);
        for (const text of texts)
          if (overlap(line, text)) faults.push(`${name} runs through "${text.text}" of ${text.box.id}`);
      }
    }
  return faults;
}

/** Arrows to different states that run along the same line, or so close that they look like one. */
export function coveredArrows({ arrows }: ChartLayout): string[] {
  const faults: string[] = [];
  const lines = arrows.flatMap(({ id, targets, paths }) =>
    paths.flatMap((points, at) =>
      points.slice(1).map((point, nth) => ({ id, target: targets[at], from: points[nth] as Point, to: point })),
    ),
  );
  const [apart, together] = [2.5, 4];
  for (const one of lines)
    for (const other of lines) {
      if (one.id >= other.id || one.target === other.target) continue;
      const isUpright = one.from.x === one.to.x;
      if (isUpright !== (other.from.x === other.to.x)) continue;
      const [across, along] = isUpright ? (['x', 'y'] as const) : (['y', 'x'] as const);
      const end = Math.min(Math.max(one.from[along], one.to[along]), Math.max(other.from[along], other.to[along]));
      const begin = Math.max(Math.min(one.from[along], one.to[along]), Math.min(other.from[along], other.to[along]));
      if (end - begin > together && Math.abs(one.from[across] - other.from[across]) < apart)
        faults.push(`${one.id} to ${one.target} and ${other.id} to ${other.target}`);
    }
  return faults;
}

const around = (box: Box, inner: Box): boolean => box === inner || inner.id.startsWith(`${box.id}.`);

interface Text extends Area {
  readonly text: string;
  readonly box: Box;
}

function textsOf(box: Box): Text[] {
  const chips = box.chips.map(({ x, y, width, height, text, guard }) => ({
    x,
    y,
    width,
    height,
    text: `${text}[${guard}]`,
    box,
  }));
  if (box.title === '' || box.inset === 0) return chips;
  const title = { x: box.x + box.inset, y: box.y + 6, width: textWidth(box.title, 13, 'semibold'), height: 15 };
  return [{ ...title, text: box.title, box }, ...chips];
}

const overlap = (one: Area, other: Area): boolean =>
  one.x + one.width > other.x + SLACK &&
  other.x + other.width > one.x + SLACK &&
  one.y + one.height > other.y + SLACK &&
  other.y + other.height > one.y + SLACK;

const contains = (outer: Area, inner: Area): boolean =>
  inner.x >= outer.x - SLACK &&
  inner.y >= outer.y - SLACK &&
  inner.x + inner.width <= outer.x + outer.width + SLACK &&
  inner.y + inner.height <= outer.y + outer.height + SLACK;

function isOnEdge({ x, y, width, height }: Area, point: Point): boolean {
  const near = (a: number, b: number): boolean => Math.abs(a - b) <= SLACK;
  const isBeside = (near(point.x, x) || near(point.x, x + width)) && point.y >= y && point.y <= y + height;
  const isAbove = (near(point.y, y) || near(point.y, y + height)) && point.x >= x && point.x <= x + width;
  return isBeside || isAbove;
}
