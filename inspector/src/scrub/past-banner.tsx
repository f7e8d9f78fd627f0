import { clockTime, passed, plural } from '../model/format.ts';
import { usePage } from '../store/page.ts';
import { Icon } from '../ui/icon.tsx';

/** Says that it is not the present that is shown, and leads back to it. */
export function PastBanner() {
  const { connection, playback, view } = usePage();
  void view.tick.value;
  const place = playback.place.value;
  if (place === null) return null;
  const later = playback.log.value.length - 1 - playback.index.value;
  return (
    <div class="past-banner" role="status">
      <Icon name="timer" />
      <span class="cut">
        Viewing {clockTime(place.at)}, {passed(connection.now() - place.at)} ago
        {later > 0 && ` · ${plural(later, 'record')} since`}
      </span>
      <button type="button" class="button" onClick={() => playback.live()}>
        Back to live
      </button>
    </div>
  );
}
