import { duration } from '../model/format.ts';
import { usePage } from '../store/page.ts';

/** The time that is left until `at`; it runs by itself. `now` is that of the process unless given. */
export function Countdown({ at, now }: { readonly at: number; readonly now?: () => number }) {
  const { connection, view } = usePage();
  void view.tick.value;
  return <>{duration(at - (now ?? connection.now)())}</>;
}
