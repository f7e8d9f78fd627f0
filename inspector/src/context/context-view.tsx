import './context-view.css';
import { useRef } from 'preact/hooks';
import { type Context, changedKeys } from '../../../src/integration/inspect/viewer/context.ts';
import { usePage } from '../store/page.ts';
import { Empty } from '../ui/empty.tsx';
import { JsonTree } from '../ui/json-tree.tsx';

/** The context of the chosen actor; what has just changed lights up. */
export function ContextView() {
  const { playback, selection } = usePage();
  const context = playback.moment.value?.context;
  if (context === undefined || selection.watched.value === undefined) {
    return (
      <Empty icon="context" title={selection.row.value === undefined ? 'No session chosen' : 'No context'}>
        {selection.isPast.value && 'It ended before it was watched.'}
      </Empty>
    );
  }
  return <Tree key={selection.selected.value} context={context} />;
}

function Tree({ context }: { readonly context: Context }) {
  const before = useRef(context);
  // Counts the changes of each key: the style has two animations, as one that runs cannot be started again.
  const flashes = useRef(new Map<string, number>());
  if (before.current !== context) {
    for (const key of changedKeys(before.current, context)) {
      flashes.current.set(key, (flashes.current.get(key) ?? 0) + 1);
    }
    before.current = context;
  }
  const entries = Object.entries(context);
  if (entries.length === 0) return <Empty icon="context" title="The context is empty" />;
  return (
    <div class="context scroll">
      {entries.map(([key, value]) => {
        const n = flashes.current.get(key) ?? 0;
        return (
          <div class="context-key" key={key} data-flash={n === 0 ? 0 : 1 + (n % 2)}>
            <JsonTree name={key} value={value} open={0} />
          </div>
        );
      })}
    </div>
  );
}
