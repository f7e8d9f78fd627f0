import type { RefObject } from 'preact';
import { useLayoutEffect } from 'preact/hooks';
import { textWidth } from '../../layout/text-width.ts';

const SAMPLE = 'REFUSED mintDeadline [isRefusedTooOften] starting 0123';
const SIZE = 100;

/** Makes a font that is wider than the layout expects a little smaller, so that every text keeps to its place. */
export function useFontFit(frame: RefObject<HTMLElement | null>): void {
  useLayoutEffect(() => {
    const element = frame.current;
    const pen = document.createElement('canvas').getContext('2d');
    if (element === null || pen === null) return;
    pen.font = `${SIZE}px ${getComputedStyle(element).fontFamily}`;
    const fit = Math.min(1, textWidth(SAMPLE, SIZE) / pen.measureText(SAMPLE).width);
    element.style.setProperty('--chart-font-fit', fit.toFixed(3));
  }, [frame]);
}
