/** Line drawings on a grid of 16. */
const PATHS = {
  search: 'M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9ZM10.4 10.4 14 14',
  pause: 'M5.5 3v10M10.5 3v10',
  play: 'M4.5 2.8v10.4l8.5-5.2Z',
  sun: 'M8 5.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6ZM8 1.2v1.4M8 13.4v1.4M1.2 8h1.4M13.4 8h1.4M3.2 3.2l1 1M11.8 11.8l1 1M3.2 12.8l1-1M11.8 4.2l1-1',
  moon: 'M13.2 9.6A5.6 5.6 0 0 1 6.4 2.8a5.6 5.6 0 1 0 6.8 6.8Z',
  help: 'M5.8 6a2.2 2.2 0 1 1 3.2 2c-.7.4-1 .8-1 1.6M8 12.2v.1',
  close: 'm4 4 8 8M12 4l-8 8',
  chevron: 'm6 3.5 4.5 4.5L6 12.5',
  down: 'm3.5 6 4.5 4.5L12.5 6',
  first: 'M4 3v10M12.5 3.5 7 8l5.5 4.5Z',
  last: 'M12 3v10M3.5 3.5 9 8l-5.5 4.5Z',
  back: 'M10 3.5 5.5 8l4.5 4.5',
  forward: 'm6 3.5 4.5 4.5L6 12.5',
  message: 'M2.5 8h11M9.5 4l4 4-4 4',
  transition: 'M3.2 4.6a1.6 1.6 0 1 0 0-.1M12.8 11.6a1.6 1.6 0 1 0 0-.1M6.4 4.5H9a2.5 2.5 0 0 1 2.5 2.5v2',
  stay: 'M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6Z',
  timer: 'M8 3.6a5 5 0 1 0 0 10 5 5 0 0 0 0-10ZM8 6v2.7l1.8 1.1M6.4 1.6h3.2',
  child: 'M4 2.5v6a2 2 0 0 0 2 2h6.5M9.5 7.5l3 3-3 3',
  status: 'M2.5 8.5h3l1.5-5 3 9 1.5-4h2',
  gap: 'M2.5 8h2M7 8h2M11.5 8h2',
  sessions: 'M2.5 4h11M2.5 8h11M2.5 12h11',
  chart: 'M2 3h5v3.5H2ZM9 9.5h5V13H9ZM4.5 6.5v4.8H9',
  log: 'M3.5 2.5h9v11h-9ZM6 6h4M6 8.5h4M6 11h2.5',
  sequence: 'M3 2.5v11M13 2.5v11M3 5.5h9.5M10.5 3.8l2 1.7-2 1.7M13 10.5H3.5M5.5 8.8l-2 1.7 2 1.7',
  context:
    'M6 2.5c-2 0-2 1-2 2.5S4 7.5 2.5 8C4 8.5 4 9.5 4 11s0 2.5 2 2.5M10 2.5c2 0 2 1 2 2.5s0 2.5 1.5 3c-1.5.5-1.5 1.5-1.5 3s0 2.5-2 2.5',
  story: 'M3 3.2a8 8 0 0 1 5 .8 8 8 0 0 1 5-.8v9a8 8 0 0 0-5 .8 8 8 0 0 0-5-.8ZM8 4v9',
  send: 'M13.5 2.5 2.5 7l4.5 2 2 4.5ZM7 9l3-3',
  warning: 'M8 2.2 14.4 13H1.6ZM8 6.5v3M8 11.3v.1',
  plug: 'M5.5 2v3M10.5 2v3M3.8 5h8.4v2.6a4.2 4.2 0 0 1-8.4 0ZM8 11.8V14.5',
  lock: 'M3.5 7.2h9v6.3h-9ZM5.3 7.2V5.4a2.7 2.7 0 0 1 5.4 0v1.8',
  root: 'M8 2.2a1.8 1.8 0 1 0 0 3.6 1.8 1.8 0 0 0 0-3.6ZM4 10.2a1.8 1.8 0 1 0 0 3.6 1.8 1.8 0 0 0 0-3.6ZM12 10.2a1.8 1.8 0 1 0 0 3.6 1.8 1.8 0 0 0 0-3.6ZM8 5.8v2.4M4 10.2V8.2h8v2',
  renew: 'M13 8a5 5 0 1 1-1.6-3.7M13 2.2v2.6h-2.6',
  sort: 'M5 3v10M2.8 10.8 5 13l2.2-2.2M11 13V3M8.8 5.2 11 3l2.2 2.2',
  check: 'm3 8.5 3.2 3.2L13 4.8',
} as const;

export type IconName = keyof typeof PATHS;

/** A drawing beside a word: it says nothing by itself. */
export function Icon({ name, size = 16 }: { readonly name: IconName; readonly size?: number }) {
  return (
    <svg class="icon" width={size} height={size} viewBox="0 0 16 16" aria-hidden="true">
      <path
        d={PATHS[name]}
        fill="none"
        stroke="currentColor"
        stroke-width="1.4"
        stroke-linecap="round"
        stroke-linejoin="round"
      />
    </svg>
  );
}
