import './story-view.css';
import type { Explanation } from '../../../src/integration/inspect/page-protocol.ts';
import { clockTime, plural, took } from '../model/format.ts';
import { toneOf } from '../model/state-tone.ts';
import { usePage } from '../store/page.ts';
import { Empty } from '../ui/empty.tsx';
import { useStory } from './use-story.ts';

/** How the chosen session came to where it is; also of one that has ended. */
export function StoryView() {
  const { selection } = usePage();
  const row = selection.row.value;
  const story = useStory();
  if (row === undefined) return <Empty icon="story" title="No session chosen" />;
  if (story === undefined) return <div class="story" />;
  if (story === null) {
    return (
      <Empty icon="story" title="No story">
        {row.role === 'session' ? 'Nothing is known of it any more.' : 'Stories are kept of sessions only.'}
      </Empty>
    );
  }
  return <Story story={story} />;
}

function Story({ story }: { readonly story: Explanation }) {
  const { transitions, omitted, reason, unfinished } = story;
  return (
    <div class="story scroll">
      {reason !== undefined && (
        <dl class="story-end">
          <dt>Ended because</dt>
          <dd>{reason}</dd>
          {unfinished.length > 0 && (
            <>
              <dt>Left unfinished</dt>
              <dd class="story-error">{unfinished.join(', ')}</dd>
            </>
          )}
        </dl>
      )}
      {omitted > 0 && <p class="story-omitted">{plural(omitted, 'earlier step')} left out</p>}
      <ol>
        {transitions.map((step, i) => {
          const next = transitions[i + 1];
          return (
            <li class={`story-step tone-${toneOf(step.to)}`} key={`${step.at} ${i}`}>
              <span class="dot" />
              <span class="story-state">{step.to}</span>
              <time class="story-time">{clockTime(step.at)}</time>
              <span class="story-cause">
                {step.cause}
                {next !== undefined && ` · for ${took(next.at - step.at)}`}
                {step.error !== undefined && <span class="story-error"> · {step.error}</span>}
              </span>
            </li>
          );
        })}
      </ol>
    </div>
  );
}
