import './scrubber.css';
import type { ActorRow } from '../../../src/integration/inspect/page-protocol.ts';
import type { LogEntry } from '../../../src/integration/inspect/viewer/watched.ts';
import { clockTime, duration } from '../model/format.ts';
import { toneOf } from '../model/state-tone.ts';
import { usePage } from '../store/page.ts';
import { Icon, type IconName } from '../ui/icon.tsx';
import { useSize } from '../ui/use-size.ts';
import type { Step } from './steps.ts';
import { bandPaths, bandsOf, entryAt, placeOf, type Span, spanOf, tickPath, ticksOf } from './track.ts';

/** Height of the track, as the style sheet has it. */
const TRACK_PX = 32;

/** The history of the chosen actor: its states as bands, its records as marks; one drags through it. */
export function Scrubber() {
  const { playback, selection } = usePage();
  const isPresent = playback.place.value === null;
  const isEmpty = playback.log.value.length === 0;
  return (
    <div class="scrubber">
      <div class="scrub-buttons">
        <StepButton icon="back" step="previous" label="One record back (←)" disabled={isEmpty} />
        <button
          type="button"
          class="icon-button"
          title={isPresent ? 'Pause (Space)' : 'Follow (Space)'}
          aria-pressed={!isPresent}
          disabled={selection.watched.value === undefined}
          onClick={() => playback.toggle()}
        >
          <Icon name={isPresent ? 'pause' : 'play'} />
          <span class="sr-only">{isPresent ? 'Pause' : 'Follow'}</span>
        </button>
        <StepButton icon="forward" step="next" label="One record forward (→)" disabled={isPresent} />
      </div>
      <Track />
    </div>
  );
}

interface StepButtonProps {
  readonly icon: IconName;
  readonly step: Step;
  readonly label: string;
  readonly disabled: boolean;
}

function StepButton({ icon, step, label, disabled }: StepButtonProps) {
  const { playback } = usePage();
  return (
    <button type="button" class="icon-button" title={label} disabled={disabled} onClick={() => playback.step(step)}>
      <Icon name={icon} />
      <span class="sr-only">{label}</span>
    </button>
  );
}

function Track() {
  const { connection, playback, selection, view } = usePage();
  void view.tick.value;
  const [ref, width] = useSize<HTMLDivElement>();
  const log = playback.log.value;
  const place = playback.place.value;
  // The history of one that is gone ends with its last record.
  const span = spanOf(log, selection.isPast.value ? (log.at(-1)?.at ?? 0) : connection.now());
  const role = selection.row.value?.role ?? 'actor';
  const shownAt = place?.at ?? span.to;
  const thumb = placeOf(shownAt, span);
  const scrub = (event: PointerEvent & { readonly currentTarget: HTMLElement }): void => {
    const { left, width: full } = event.currentTarget.getBoundingClientRect();
    const at = (event.clientX - left) / full;
    if (log.length === 0) return;
    if (at >= 1) playback.live();
    else playback.show(entryAt(log, span, Math.max(0, at)));
  };
  return (
    <>
      <div
        ref={ref}
        class="track"
        role="slider"
        tabIndex={0}
        aria-label="History"
        aria-valuemin={0}
        aria-valuemax={log.length}
        aria-valuenow={playback.index.value + 1}
        aria-valuetext={place === null ? 'live' : clockTime(shownAt)}
        onPointerDown={event => {
          event.currentTarget.setPointerCapture(event.pointerId);
          scrub(event);
        }}
        onPointerMove={event => {
          if (event.currentTarget.hasPointerCapture(event.pointerId)) scrub(event);
        }}
        onKeyDown={event => {
          const step = STEP_KEYS[event.key];
          if (step === undefined) return;
          event.preventDefault();
          playback.step(step);
        }}
      >
        <TrackPicture log={log} span={span} role={role} width={width} />
        <div class="track-thumb" style={{ left: `${thumb * 100}%` }} />
      </div>
      <span class="scrub-time">{place === null ? `last ${duration(span.to - span.from)}` : clockTime(shownAt)}</span>
    </>
  );
}

interface TrackPictureProps {
  readonly log: readonly LogEntry[];
  readonly span: Span;
  readonly role: ActorRow['role'];
  readonly width: number;
}

const BAND_Y = 10;
const BAND_PX = 12;

function TrackPicture({ log, span, role, width }: TrackPictureProps) {
  const bands = bandPaths(bandsOf(log, span, role), width, BAND_Y, BAND_PX);
  const ticks = ticksOf(log, span, width);
  return (
    <svg class="track-picture" width={width} height={TRACK_PX} aria-hidden="true">
      <rect class="track-ground" x={0} y={BAND_Y} width={width} height={BAND_PX} rx={2} />
      {[...bands].map(([state, path]) => (
        <path key={state} class={`track-band tone-${toneOf(state)}`} d={path} />
      ))}
      <path class="track-tick other" d={tickPath(ticks, 'other', width, 12, 8)} />
      <path class="track-tick" d={tickPath(ticks, 'transition', width, 4, 24)} />
      <path class="track-tick gap" d={tickPath(ticks, 'gap', width, 2, 28)} />
    </svg>
  );
}

const STEP_KEYS: Readonly<Record<string, Step>> = {
  ArrowLeft: 'previous',
  ArrowRight: 'next',
  Home: 'first',
  End: 'last',
};
