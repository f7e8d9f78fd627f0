import type { ChartDefinition } from '../../../src/integration/inspect/page-protocol.ts';
import { layoutOf } from '../../layout/layout-of.ts';
import type { ChartLayout } from '../../layout/layout-types.ts';

/** What the worker says to a definition. */
export type LayoutAnswer = { readonly layout: ChartLayout } | { readonly error: string };

addEventListener('message', ({ data }: MessageEvent<ChartDefinition>) => {
  let answer: LayoutAnswer;
  try {
    answer = { layout: layoutOf(data) };
  } catch (error) {
    answer = { error: error instanceof Error ? error.message : String(error) };
  }
  postMessage(answer);
});
