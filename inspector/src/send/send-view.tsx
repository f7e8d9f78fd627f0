import './send-view.css';
import { useState } from 'preact/hooks';
import type { Acceptance } from '../../../src/integration/inspect/page-protocol.ts';
import { fieldsOf } from '../../../src/integration/inspect/viewer/send-fields.ts';
import { clockTime } from '../model/format.ts';
import { usePage } from '../store/page.ts';
import { Empty } from '../ui/empty.tsx';
import { Icon } from '../ui/icon.tsx';
import { EventForm } from './event-form.tsx';
import { type Sent, useSender } from './use-sender.ts';

/** Says something to the chosen actor, where the process allows it. */
export function SendView() {
  const { connection, selection } = usePage();
  const row = selection.row.value;
  if (connection.mirror.value.welcome?.allowSend !== true) {
    return (
      <Empty icon="lock" title="Looking only">
        This inspector takes no events. Start it with <code>allowSend: true</code> to send them from here.
      </Empty>
    );
  }
  if (row === undefined) return <Empty icon="send" title="No session chosen" />;
  if (selection.watched.value === undefined || selection.isPast.value) {
    return (
      <Empty icon="send" title="It has ended">
        Nothing can be said to it any more.
      </Empty>
    );
  }
  return <Sender key={row.actor} />;
}

function Sender() {
  const { selection, playback, connection } = usePage();
  const [chosen, setChosen] = useState<string | null>(null);
  const [answers, send] = useSender();
  const role = selection.row.value?.role ?? 'actor';
  const accepts = selection.watched.value?.accepts ?? [];
  const open = accepts.filter(each => each.kind === 'taken' || each.kind === 'postponed');
  const closed = accepts.filter(each => !open.includes(each));
  const isLive = connection.life.value.state === 'live';
  const press = ({ type }: Acceptance): void => {
    if (fieldsOf(role, type)?.length === 0) send({ type });
    else setChosen(chosen === type ? null : type);
  };
  return (
    <div class="send scroll">
      {playback.place.value !== null && (
        <p class="send-problem">What is sent goes to the present, not to this moment.</p>
      )}
      {accepts.length === 0 && (
        <Empty icon="send" title="It takes no events now">
          {role === 'coordinator' && 'A coordinator listens to its manager and its sessions alone.'}
        </Empty>
      )}
      <div class="send-events">
        {open.map(each => (
          <button
            key={each.type}
            type="button"
            class="button send-event"
            aria-pressed={fieldsOf(role, each.type)?.length === 0 ? undefined : chosen === each.type}
            disabled={!isLive}
            title={each.because}
            onClick={() => press(each)}
          >
            {each.type}
            {fieldsOf(role, each.type)?.length !== 0 && ' …'}
          </button>
        ))}
      </div>
      <Answers answers={answers} />
      {chosen !== null && (
        <EventForm
          key={chosen}
          type={chosen}
          fields={fieldsOf(role, chosen)}
          disabled={!isLive || !open.some(each => each.type === chosen)}
          onSend={send}
        />
      )}
      {closed.length > 0 && (
        <section class="send-others">
          <h3>Not now</h3>
          {closed.map(each => (
            <div class="send-other" key={each.type}>
              <span>{each.type}</span>
              <span>
                {each.kind}
                {each.because !== undefined && `: ${each.because}`}
              </span>
            </div>
          ))}
        </section>
      )}
    </div>
  );
}

function Answers({ answers }: { readonly answers: readonly Sent[] }) {
  if (answers.length === 0) return null;
  return (
    <div class="send-answers" role="status">
      {answers.map(answer => (
        <div class="send-answer" key={answer.n} data-failed={answer.failed}>
          <Icon name={answer.failed ? 'warning' : 'check'} size={14} />
          <span>
            {answer.type} {!answer.failed && answer.text}
            {answer.failed && <small>{answer.text}</small>}
          </span>
          <time>{clockTime(answer.at)}</time>
        </div>
      ))}
    </div>
  );
}
