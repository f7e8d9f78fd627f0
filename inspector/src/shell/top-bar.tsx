import './top-bar.css';
import { useEffect, useState } from 'preact/hooks';
import { NO_RATE, type Rate, rated, recentRate } from '../../../src/integration/inspect/viewer/rate.ts';
import { count } from '../model/format.ts';
import { TONES, toneOf } from '../model/state-tone.ts';
import type { LifeState } from '../store/connection-types.ts';
import { usePage } from '../store/page.ts';
import { Icon } from '../ui/icon.tsx';

const LINK_WORDS: Readonly<Record<LifeState, string>> = {
  asking: 'connecting',
  greeting: 'connecting',
  live: 'live',
  away: 'away',
  full: 'no place',
  refused: 'refused',
  dismissed: 'dismissed',
};

/** What is looked at, how it is, and what can be done about the view. */
export function TopBar() {
  const { connection, view } = usePage();
  const { welcome } = connection.mirror.value;
  const { state } = connection.life.value;
  const title = welcome?.title ?? 'Sessionchart';
  useEffect(() => {
    document.title = `${title} · inspector`;
  }, [title]);
  return (
    <header class="top">
      <h1 class="top-title">
        <Logo />
        <span class="cut">{title}</span>
      </h1>
      <span class="pill link-pill" data-state={state} role="status">
        <span class="dot" />
        {LINK_WORDS[state]}
      </span>
      <StateChips />
      <div class="top-figures">
        <Slots />
        <EventRate />
      </div>
      <div class="top-tools">
        <PauseButton />
        <button type="button" class="icon-button" title="Light or dark (t)" onClick={() => view.switchTheme()}>
          <ThemeIcon />
          <span class="sr-only">Light or dark</span>
        </button>
        <button
          type="button"
          class="icon-button"
          title="Keys (?)"
          onClick={() => {
            view.help.value = true;
          }}
        >
          <Icon name="help" />
          <span class="sr-only">Keys</span>
        </button>
      </div>
    </header>
  );
}

function PauseButton() {
  const { playback, selection } = usePage();
  const isPresent = playback.place.value === null;
  return (
    <button
      type="button"
      class="icon-button"
      title={isPresent ? 'Pause the view (Space)' : 'Follow again (Space)'}
      aria-pressed={!isPresent}
      disabled={selection.watched.value === undefined}
      onClick={() => playback.toggle()}
    >
      <Icon name={isPresent ? 'pause' : 'play'} />
      <span class="sr-only">{isPresent ? 'Pause the view' : 'Follow again'}</span>
    </button>
  );
}

function ThemeIcon() {
  const { view } = usePage();
  return <Icon name={view.theme.value === 'dark' ? 'moon' : 'sun'} />;
}

/** How many are in each state; a click shows only those. */
function StateChips() {
  const { connection, list } = usePage();
  const counts = new Map<string, number>();
  for (const overview of connection.mirror.value.overview) {
    for (const [state, n] of Object.entries(overview.counts)) counts.set(state, (counts.get(state) ?? 0) + n);
  }
  const chosen = list.states.value;
  for (const state of chosen) if (!counts.has(state)) counts.set(state, 0);
  const shown = [...counts].filter(([state, n]) => n > 0 || chosen.has(state)).sort(([a], [b]) => rank(a) - rank(b));
  const toggle = (state: string): void => {
    const next = new Set(chosen);
    if (!next.delete(state)) next.add(state);
    list.states.value = next;
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is no flex container everywhere
    <div class="chips" role="group" aria-label="Filter by state">
      {shown.map(([state, n]) => (
        <button
          key={state}
          type="button"
          class={`chip tone-${toneOf(state)}`}
          aria-pressed={chosen.has(state)}
          title={chosen.has(state) ? 'Show the others too' : `Show only those that are ${state}`}
          onClick={() => toggle(state)}
        >
          <span class="dot" />
          {state} <span class="chip-count">{count(n)}</span>
        </button>
      ))}
    </div>
  );
}

const rank = (state: string): number => {
  const place = (TONES as readonly string[]).indexOf(state);
  return place < 0 ? TONES.length : place;
};

function Slots() {
  const { connection } = usePage();
  const slots = connection.mirror.value.overview.flatMap(({ slots }) => slots ?? []);
  if (slots.length === 0) return null;
  const sum = (pick: (each: (typeof slots)[number]) => number): number => slots.reduce((all, s) => all + pick(s), 0);
  const waiting = sum(s => s.waiting);
  return (
    <span class="top-slots" title="Slots taken, of all">
      slots{' '}
      <b>
        {count(sum(s => s.taken))} / {count(sum(s => s.limit))}
      </b>
      {waiting > 0 && ` · ${count(waiting)} waiting`}
    </span>
  );
}

/** Events a second, with the curve of the last seconds. */
function EventRate() {
  const { connection } = usePage();
  const [rate, setRate] = useState<Rate>(NO_RATE);
  useEffect(() => {
    const timer = setInterval(() => {
      const total = connection.mirror.peek().overview.reduce((sum, { events }) => sum + events, 0);
      setRate(known => rated(known, total));
    }, 1_000);
    return () => clearInterval(timer);
  }, []);
  const n = recentRate(rate);
  return (
    <span class="rate" title="Events that the actors take, per second">
      <Curve values={rate.perSecond} />
      <span>
        <b>{n > 0 && n < 10 ? n.toFixed(1) : count(n)}</b> events/s
      </span>
    </span>
  );
}

function Curve({ values }: { readonly values: readonly number[] }) {
  if (values.length < 2) return null;
  const most = Math.max(1, ...values);
  const points = values.map(
    (n, i) => `${((i / (values.length - 1)) * 48).toFixed(1)} ${(15 - (n / most) * 13).toFixed(1)}`,
  );
  return (
    <svg width="48" height="16" viewBox="0 0 48 16" preserveAspectRatio="none" aria-hidden="true">
      <path d={`M0 17 L${points.join(' L')} L48 17 Z`} />
    </svg>
  );
}

function Logo() {
  return (
    <svg class="top-logo" width="22" height="22" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="8" fill="#4f5bd5" />
      <path d="M10 11h7a4 4 0 0 1 4 4v2" fill="none" stroke="#fff" stroke-width="2.4" stroke-linecap="round" />
      <circle cx="8.5" cy="11" r="3.5" fill="#fff" />
      <circle cx="21" cy="21.5" r="3.5" fill="#7ee0a1" stroke="#fff" stroke-width="1.6" />
    </svg>
  );
}
