import type { RefObject } from 'preact';
import { useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import type { Area, ChartLayout, Point } from '../../layout/layout-types.ts';
import { fitted, following, isLegible, panned, revealing, type Size, type View, zoomed } from './view-math.ts';

/** Pointers move a little when they only click, px. */
const CLICK = 4;
const STEP = 1.25;

export interface Viewport {
  /** The pointer is moving the chart: it does not click. */
  isMoving(): boolean;
  zoomIn(): void;
  zoomOut(): void;
  fit(): void;
  follow(): void;
}

/** What decides on the view: all of it where that can be read, else the active state; always one of them; or the hand. */
type Mode = 'auto' | 'whole' | 'followed' | 'free';

/**
 * Lets the chart be moved and made larger: by drag, wheel and pinch. Until somebody does, and upon `fitEvent` of the
 * window, all of it is in its frame; in a frame too small for that the view goes along with the active state.
 *
 * @param focus where the active state is.
 */
export function useViewport(
  frame: RefObject<HTMLElement | null>,
  sheet: RefObject<SVGGElement | null>,
  layout: ChartLayout,
  focus: Area | null,
  fitEvent: string | undefined,
): Viewport {
  const view = useRef<View>({ x: 0, y: 0, scale: 1 });
  const mode = useRef<Mode>('auto');
  const focused = useRef(focus);
  focused.current = focus;
  const hasMoved = useRef(false);

  const controls = useMemo(() => {
    const size = (): Size => ({ width: frame.current?.clientWidth ?? 0, height: frame.current?.clientHeight ?? 0 });
    const show = (next: View, isSmooth = false): void => {
      view.current = next;
      const style = sheet.current?.style;
      frame.current?.style.setProperty('--chart-scale', next.scale.toFixed(3));
      style?.setProperty('transition', isSmooth ? '' : 'none');
      style?.setProperty('transform', `translate(${next.x}px, ${next.y}px) scale(${next.scale})`);
    };
    const zoom = (times: number, about?: Point, isSmooth = false): void => {
      mode.current = 'free';
      const { width, height } = size();
      show(zoomed(view.current, about ?? { x: width / 2, y: height / 2 }, times), isSmooth);
    };
    const settle = (isSmooth: boolean): void => {
      const area = focused.current;
      if (mode.current === 'free') return;
      const isFollowed = mode.current === 'followed' || (mode.current === 'auto' && !isLegible(layout, size()));
      show(isFollowed && area !== null ? following(layout, size(), area) : fitted(layout, size()), isSmooth);
    };
    const turnTo = (next: Mode): void => {
      mode.current = next;
      settle(true);
    };
    return { size, show, zoom, settle, turnTo };
  }, [frame, sheet, layout]);

  useLayoutEffect(() => {
    const element = frame.current;
    if (element === null) return;
    controls.settle(false);
    const observer = new ResizeObserver(() => controls.settle(false));
    observer.observe(element);
    const onFit = (): void => controls.turnTo('whole');
    if (fitEvent !== undefined) addEventListener(fitEvent, onFit);
    const undrag = drags(element, controls.zoom, hasMoved, (dx, dy) => {
      mode.current = 'free';
      controls.show(panned(view.current, dx, dy, layout, controls.size()));
    });
    const onFocus = (event: FocusEvent): void => {
      const id = (event.target as Element).getAttribute('data-node');
      const box = layout.boxes.find(each => each.id === id);
      if (box === undefined || !(event.target as Element).matches(':focus-visible')) return;
      controls.show(revealing(view.current, { ...box, height: box.head }, controls.size()), true);
    };
    element.addEventListener('focusin', onFocus);
    return () => {
      observer.disconnect();
      undrag();
      element.removeEventListener('focusin', onFocus);
      if (fitEvent !== undefined) removeEventListener(fitEvent, onFit);
    };
  }, [frame, layout, controls, fitEvent]);

  useLayoutEffect(() => controls.settle(true), [controls, focus]);

  return useMemo(
    () => ({
      isMoving: () => hasMoved.current,
      zoomIn: () => controls.zoom(STEP, undefined, true),
      zoomOut: () => controls.zoom(1 / STEP, undefined, true),
      fit: () => controls.turnTo('whole'),
      follow: () => controls.turnTo('followed'),
    }),
    [controls],
  );
}

/** One pointer moves, two pinch, the wheel zooms. */
function drags(
  element: HTMLElement,
  zoom: (times: number, about: Point) => void,
  hasMoved: { current: boolean },
  pan: (dx: number, dy: number) => void,
): () => void {
  const pointers = new Map<number, Point>();
  let way = 0;
  const inFrame = (event: MouseEvent): Point => {
    const { left, top } = element.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  };
  const isOnControl = (event: Event): boolean => (event.target as Element).closest('button') !== null;
  const onDown = (event: PointerEvent): void => {
    if (event.button !== 0 || isOnControl(event)) return;
    if (pointers.size === 0) {
      way = 0;
      hasMoved.current = false;
    }
    pointers.set(event.pointerId, inFrame(event));
  };
  const onMove = (event: PointerEvent): void => {
    const from = pointers.get(event.pointerId);
    if (from === undefined) return;
    const to = inFrame(event);
    const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
    pointers.set(event.pointerId, to);
    if (other !== undefined) {
      const before = Math.hypot(from.x - other.x, from.y - other.y);
      const behind = Math.hypot(to.x - other.x, to.y - other.y);
      hasMoved.current = true;
      zoom(behind / Math.max(1, before), { x: (to.x + other.x) / 2, y: (to.y + other.y) / 2 });
      return;
    }
    way += Math.abs(to.x - from.x) + Math.abs(to.y - from.y);
    if (way < CLICK) return;
    if (!hasMoved.current) {
      hasMoved.current = true;
      element.setPointerCapture(event.pointerId);
      element.classList.add('is-dragged');
    }
    pan(to.x - from.x, to.y - from.y);
  };
  const onUp = (event: PointerEvent): void => {
    pointers.delete(event.pointerId);
    if (pointers.size === 0) element.classList.remove('is-dragged');
  };
  const onWheel = (event: WheelEvent): void => {
    event.preventDefault();
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
    // A pinch on a touchpad comes as a wheel with Ctrl, in small steps.
    zoom(Math.exp(-event.deltaY * lines * (event.ctrlKey ? 0.01 : 0.0016)), inFrame(event));
  };
  element.addEventListener('pointerdown', onDown);
  element.addEventListener('pointermove', onMove);
  element.addEventListener('pointerup', onUp);
  element.addEventListener('pointercancel', onUp);
  element.addEventListener('wheel', onWheel, { passive: false });
  return () => {
    element.removeEventListener('pointerdown', onDown);
    element.removeEventListener('pointermove', onMove);
    element.removeEventListener('pointerup', onUp);
    element.removeEventListener('pointercancel', onUp);
    element.removeEventListener('wheel', onWheel);
  };
}
