import type { Viewport } from './use-viewport.ts';

const SHAPES = {
  plus: 'M8 3.5v9M3.5 8h9',
  minus: 'M3.5 8h9',
  follow: 'M8 2v3M8 11v3M2 8h3M11 8h3M8 5.5a2.5 2.5 0 1 0 0 5a2.5 2.5 0 1 0 0-5',
  fit: 'M3 6V3h3M10 3h3v3M13 10v3h-3M6 13H3v-3',
} as const;

function Control({
  shape,
  label,
  onClick,
}: {
  readonly shape: keyof typeof SHAPES;
  readonly label: string;
  readonly onClick: () => void;
}) {
  return (
    <button type="button" class="chart-control" aria-label={label} title={label} onClick={onClick}>
      <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
        <path d={SHAPES[shape]} />
      </svg>
    </button>
  );
}

/** Larger, smaller, along with the active state, all of it. */
export function Controls({ viewport }: { readonly viewport: Viewport }) {
  return (
    <div class="chart-controls">
      <Control shape="plus" label="Zoom in" onClick={viewport.zoomIn} />
      <Control shape="minus" label="Zoom out" onClick={viewport.zoomOut} />
      <Control shape="follow" label="Follow the active state" onClick={viewport.follow} />
      <Control shape="fit" label="Fit the chart" onClick={viewport.fit} />
    </div>
  );
}
