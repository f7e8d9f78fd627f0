import type { RefObject } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { ActorTimer } from '../../../src/integration/inspect/page-protocol.ts';
import type { ChartLayout } from '../../layout/layout-types.ts';
import { Totals } from './remaining.ts';

const TICK_MS = 100;

/** Shows at each timer that is armed how much of it is left. */
export function useCountdowns(
  sheet: RefObject<SVGGElement | null>,
  layout: ChartLayout,
  timers: readonly ActorTimer[],
  now: () => number,
): void {
  const totals = useRef<Totals | null>(null);
  totals.current ??= new Totals();
  const clock = useRef(now);
  clock.current = now;
  useLayoutEffect(() => {
    const chips = [...(sheet.current?.querySelectorAll<SVGGElement>('[data-delay]') ?? [])].map(element => ({
      element,
      time: element.querySelector('.chart-time'),
      bar: element.querySelector<SVGRectElement>('.chart-bar'),
      delay: element.getAttribute('data-delay'),
      node: element.closest('[data-node]')?.getAttribute('data-node'),
    }));
    const show = (): void => {
      const left = totals.current?.remaining(timers, clock.current());
      for (const { element, time, bar, delay, node } of chips) {
        const timer = timers.find(each => each.name === delay && (each.node ?? node) === node);
        const remaining = timer === undefined ? undefined : left?.get(timer);
        element.classList.toggle('is-armed', remaining !== undefined);
        if (time !== null && time.textContent !== (remaining?.text ?? '')) time.textContent = remaining?.text ?? '';
        bar?.style.setProperty('transform', `scaleX(${(remaining?.part ?? 0).toFixed(4)})`);
      }
    };
    show();
    if (timers.length === 0) return;
    const ticking = setInterval(show, TICK_MS);
    return () => clearInterval(ticking);
  }, [sheet, layout, timers]);
}
