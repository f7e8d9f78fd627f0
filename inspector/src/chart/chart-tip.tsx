import type { RefObject } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { ChartDefinition, NodeId } from '../../../src/integration/inspect/page-protocol.ts';
import type { ChartLayout } from '../../layout/layout-types.ts';
import { edgesTip, stateTip, type Tip } from './tip-text.ts';
import { raise } from './use-liveness.ts';

const WAIT_MS = 160;
const OFF = 14;
const TIP_ID = 'chart-tip';

interface Props {
  readonly frame: RefObject<HTMLDivElement | null>;
  readonly definition: ChartDefinition;
  readonly layout: ChartLayout;
  readonly onOpen: ((node: NodeId | null) => void) | undefined;
}

interface Shown {
  readonly tip: Tip;
  readonly x: number;
  readonly y: number;
}

/** Tells about the state or the arrow under the pointer, or in the focus, and brings its arrows out. */
export function ChartTip({ frame, definition, layout, onOpen }: Props) {
  const [shown, setShown] = useState<Shown | null>(null);
  const card = useRef<HTMLDivElement>(null);

  useEffect(() => {
    const element = frame.current;
    if (element === null) return;
    let waiting: ReturnType<typeof setTimeout> | undefined;
    let under: Element | null = null;
    const hide = (): void => {
      clearTimeout(waiting);
      under = null;
      setShown(null);
      emphasise(element, null);
    };
    const showFor = (part: Element, x: number, y: number): void => {
      const tip = tipFor(definition, part);
      setShown(tip === undefined ? null : { tip, x, y });
    };
    const onMove = (event: PointerEvent): void => {
      if (element.classList.contains('is-dragged') || event.pointerType === 'touch') {
        hide();
        return;
      }
      const part = partUnder(event.target as Element);
      if (part === under) return;
      hide();
      under = part;
      if (part === null) return;
      emphasise(element, part);
      const { left, top } = element.getBoundingClientRect();
      waiting = setTimeout(() => showFor(part, event.clientX - left, event.clientY - top), WAIT_MS);
    };
    const onFocus = (event: FocusEvent): void => {
      const part = (event.target as Element).closest('[data-node]');
      if (part === null || !part.matches(':focus-visible')) return;
      hide();
      emphasise(element, part);
      // Behind the move that brings it into view.
      waiting = setTimeout(() => {
        const [box, around] = [part.getBoundingClientRect(), element.getBoundingClientRect()];
        showFor(part, box.left - around.left + Math.min(box.width, 120), box.top - around.top + 16);
      }, WAIT_MS * 2);
    };
    const onKey = (event: KeyboardEvent): void => {
      const node = (event.target as Element).getAttribute('data-node');
      if (event.key === 'Escape') hide();
      if (node === null || (event.key !== 'Enter' && event.key !== ' ')) return;
      event.preventDefault();
      onOpen?.(node);
    };
    element.addEventListener('pointermove', onMove);
    element.addEventListener('pointerleave', hide);
    element.addEventListener('pointerdown', hide);
    element.addEventListener('wheel', hide, { passive: true });
    element.addEventListener('focusin', onFocus);
    element.addEventListener('focusout', hide);
    element.addEventListener('keydown', onKey);
    return () => {
      hide();
      element.removeEventListener('pointermove', onMove);
      element.removeEventListener('pointerleave', hide);
      element.removeEventListener('pointerdown', hide);
      element.removeEventListener('wheel', hide);
      element.removeEventListener('focusin', onFocus);
      element.removeEventListener('focusout', hide);
      element.removeEventListener('keydown', onKey);
    };
  }, [frame, definition, layout, onOpen]);

  useLayoutEffect(() => {
    const [element, around] = [card.current, frame.current];
    if (shown === null || element === null || around === null) return;
    const left =
      shown.x + OFF + element.offsetWidth > around.clientWidth ? shown.x - OFF - element.offsetWidth : shown.x + OFF;
    const top = Math.min(shown.y + OFF, around.clientHeight - element.offsetHeight - 8);
    element.style.setProperty('left', `${Math.max(8, left)}px`);
    element.style.setProperty('top', `${Math.max(8, top)}px`);
  }, [frame, shown]);

  if (shown === null) return null;
  const { title, about, parts } = shown.tip;
  return (
    <div class="chart-tip" ref={card} role="tooltip" id={TIP_ID}>
      <strong>{title}</strong>
      {about !== '' && <p>{about}</p>}
      {parts.map(({ label, terms }, at) => (
        <dl key={at}>
          <dt>{label}</dt>
          {terms.map(({ name, words }, nth) => (
            <dd key={nth}>
              <b>{name}</b>
              {words !== undefined && <span>{words}</span>}
            </dd>
          ))}
        </dl>
      ))}
    </div>
  );
}

/** The chip, the arrow or the state. */
function partUnder(target: Element): Element | null {
  const chip = target.closest('[data-edges]');
  return chip !== null && chip.getAttribute('data-edges') !== '' ? chip : target.closest('[data-node]');
}

function tipFor(definition: ChartDefinition, part: Element): Tip | undefined {
  const edges = part.getAttribute('data-edges');
  if (edges !== null) return edgesTip(definition, edges.split('\n'));
  return stateTip(definition, part.getAttribute('data-node') ?? '');
}

/** Brings out the arrows of a state, or the one of a chip, and lets the others fade. */
function emphasise(frame: Element, part: Element | null): void {
  const node = part?.getAttribute('data-node');
  const edges = new Set(part?.getAttribute('data-edges')?.split('\n') ?? []);
  let some = false;
  for (const arrow of frame.querySelectorAll('[data-arrow]')) {
    const own = arrow.getAttribute('data-edges')?.split('\n') ?? [];
    const ends = [arrow.getAttribute('data-source'), ...(arrow.getAttribute('data-targets')?.split('\n') ?? [])];
    const isMeant = part !== null && (node ? ends.includes(node) : own.some(edge => edges.has(edge)));
    arrow.classList.toggle('is-meant', isMeant);
    if (!isMeant) continue;
    raise(arrow);
    some = true;
  }
  frame.classList.toggle('has-meant', some);
}
