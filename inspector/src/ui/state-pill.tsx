import { toneOf } from '../model/state-tone.ts';

/** The name of a state in its colour. */
export function StatePill({ state }: { readonly state: string }) {
  return (
    <span class={`pill tone-${toneOf(state)}`}>
      <span class="dot" />
      {state}
    </span>
  );
}
