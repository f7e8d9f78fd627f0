import { useEffect, useState } from 'preact/hooks';
import type { ChartDefinition, ChartKey } from '../../../src/integration/inspect/page-protocol.ts';
import type { ChartLayout } from '../../layout/layout-types.ts';
import type { LayoutAnswer } from './layout-worker.ts';

const known = new Map<ChartKey, ChartLayout>();
const asked = new Map<ChartKey, Promise<ChartLayout>>();

/** The layout of a chart; `undefined` until it is there. It fails only if the browser can run no workers. */
export function useLayout(definition: ChartDefinition | undefined): ChartLayout | undefined {
  const key = definition?.key ?? '';
  const [, setReady] = useState<ChartKey>('');
  useEffect(() => {
    if (definition === undefined || known.has(definition.key)) return;
    let isWanted = true;
    layoutFor(definition).then(
      () => isWanted && setReady(definition.key),
      error => reportError(error),
    );
    return () => {
      isWanted = false;
    };
  }, [definition]);
  return known.get(key);
}

/** Our own charts were laid out when the page was built; all others are laid out beside the page, once. */
function layoutFor(definition: ChartDefinition): Promise<ChartLayout> {
  let answer = asked.get(definition.key);
  if (answer === undefined) {
    answer = find(definition);
    asked.set(definition.key, answer);
  }
  return answer;
}

async function find(definition: ChartDefinition): Promise<ChartLayout> {
  const { layouts } = await import('virtual:layouts');
  const layout = layouts[definition.key] ?? (await computed(definition));
  known.set(definition.key, layout);
  return layout;
}

function computed(definition: ChartDefinition): Promise<ChartLayout> {
  const worker = new Worker(new URL('./layout-worker.ts', import.meta.url), { type: 'module' });
  return new Promise<ChartLayout>((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<LayoutAnswer>) =>
      'layout' in data ? resolve(data.layout) : reject(new Error(data.error));
    worker.onerror = event => reject(new Error(event.message || 'the layout worker did not load'));
    worker.postMessage(definition);
  }).finally(() => worker.terminate());
}
