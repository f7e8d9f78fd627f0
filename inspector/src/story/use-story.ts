import { useEffect, useState } from 'preact/hooks';
import type { Explanation } from '../../../src/integration/inspect/page-protocol.ts';
import { usePage } from '../store/page.ts';

/** States that follow each other faster are asked about once, ms. */
const SETTLE_MS = 150;

/** The story of the chosen actor, asked for again when its state has changed; `undefined` before the first answer. */
export function useStory(): Explanation | null | undefined {
  const { connection, selection } = usePage();
  const [story, setStory] = useState<{ readonly actor: string; readonly told: Explanation | null }>();
  const actor = selection.selected.value;
  const row = selection.row.value;
  const isLive = connection.life.value.state === 'live';
  useEffect(() => {
    if (actor === null || !isLive) return;
    let isOver = false;
    const timer = setTimeout(async () => {
      const outcome = await connection.ask({ type: 'explain', actor });
      if (isOver || outcome.type === 'away') return;
      setStory({ actor, told: outcome.type === 'explanation' ? outcome.explanation : null });
    }, SETTLE_MS);
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [actor, row?.path, row?.since, row?.status, row?.error, isLive]);
  return story?.actor === actor ? story?.told : undefined;
}
