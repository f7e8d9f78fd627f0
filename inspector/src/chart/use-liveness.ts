import type { RefObject } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { NodeId } from '../../../src/integration/inspect/page-protocol.ts';
import type { ChartLayout } from '../../layout/layout-types.ts';

/** Elements of the drawing by their state. */
interface Parts {
  readonly sheet: SVGGElement;
  readonly layout: ChartLayout;
  readonly boxes: ReadonlyMap<NodeId, Element>;
  readonly arrows: readonly { readonly source: NodeId; readonly element: Element }[];
}

/** Lights the active states, those around them, and the arrows that lead away from them: classes come and go, no more. */
export function useLiveness(
  sheet: RefObject<SVGGElement | null>,
  layout: ChartLayout,
  active: readonly NodeId[],
  selected: NodeId | null,
): void {
  const known = useRef<Parts | null>(null);
  useLayoutEffect(() => {
    const root = sheet.current;
    if (root === null) return;
    if (known.current?.sheet !== root || known.current.layout !== layout) known.current = partsOf(root, layout);
    const { boxes, arrows } = known.current;
    const lit = new Set(active);
    const around = new Set(layout.boxes.filter(({ id }) => lit.has(id)).map(({ parent }) => parent));
    for (const [id, element] of boxes) {
      element.classList.toggle('is-active', lit.has(id) && !around.has(id));
      element.classList.toggle('is-around', lit.has(id) && around.has(id));
      element.classList.toggle('is-selected', id === selected);
      if (lit.has(id)) element.setAttribute('aria-current', 'true');
      else element.removeAttribute('aria-current');
    }
    for (const { source, element } of arrows) if (element.classList.toggle('is-open', lit.has(source))) raise(element);
  }, [sheet, layout, active, selected]);
}

/** Draws an arrow over those with which it shares its way. */
export const raise = (arrow: Element): void => arrow.parentNode?.append(arrow);

function partsOf(sheet: SVGGElement, layout: ChartLayout): Parts {
  const boxes = [...sheet.querySelectorAll('[data-node]')].map(
    element => [element.getAttribute('data-node') ?? '', element] as const,
  );
  const arrows = [...sheet.querySelectorAll('[data-source]')].map(element => ({
    source: element.getAttribute('data-source') ?? '',
    element,
  }));
  return { sheet, layout, boxes: new Map(boxes), arrows };
}
