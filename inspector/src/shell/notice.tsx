import './notice.css';
import { useEffect, useState } from 'preact/hooks';
import { duration } from '../model/format.ts';
import type { Life } from '../store/connection-types.ts';
import { usePage } from '../store/page.ts';
import { Icon } from '../ui/icon.tsx';
import { absenceText } from './absence.ts';

/** How long it is said that the process was started again, ms. */
const RESTART_SHOWN_MS = 10_000;

/** One line under the bar, while something about the connection must be known. */
export function Notice() {
  const { connection } = usePage();
  const life = connection.life.value;
  const restarts = connection.mirror.value.restarts;
  const [seen, setSeen] = useState(restarts);
  useEffect(() => {
    if (restarts === seen) return;
    const timer = setTimeout(() => setSeen(restarts), RESTART_SHOWN_MS);
    return () => clearTimeout(timer);
  }, [restarts, seen]);
  if (life.state !== 'live') return <AwayNotice life={life} />;
  if (restarts === seen) return null;
  return (
    <div class="notice" role="status">
      <Icon name="renew" /> The process was started again: what was known of the one before is gone.
      <button type="button" class="button" onClick={() => setSeen(restarts)}>
        OK
      </button>
    </div>
  );
}

function AwayNotice({ life }: { readonly life: Life }) {
  const { connection } = usePage();
  return (
    <div class="notice" role="status">
      <Icon name="plug" />
      <span>
        {absenceText(life)} What you see is how it was. <RetryText life={life} />
      </span>
      <button type="button" class="button" onClick={() => connection.retry()}>
        Try now
      </button>
    </div>
  );
}

/** When it is tried again. */
export function RetryText({ life }: { readonly life: Life }) {
  const { view } = usePage();
  void view.tick.value;
  if (life.state === 'asking' || life.state === 'greeting') return <>Connecting …</>;
  if (life.state !== 'away' && life.state !== 'full') return null;
  return <>Trying again in {duration(life.retryAt - Date.now())}.</>;
}
