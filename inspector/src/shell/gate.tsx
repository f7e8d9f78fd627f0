import './gate.css';
import { useState } from 'preact/hooks';
import { tokenIn } from '../connection/token.ts';
import { usePage } from '../store/page.ts';
import { Icon } from '../ui/icon.tsx';
import { absenceText } from './absence.ts';
import { RetryText } from './notice.tsx';

/** What is seen while there is no process to look at. */
export function Gate() {
  const { connection } = usePage();
  const { state } = connection.life.value;
  return (
    <main class="gate">
      <div class="gate-card" role="status">
        {state === 'refused' ? <TokenForm /> : state === 'asking' || state === 'greeting' ? <Connecting /> : <Away />}
      </div>
    </main>
  );
}

function Connecting() {
  return (
    <>
      <h1>
        <span class="gate-spin" /> Connecting …
      </h1>
      <p>Asking the process at {location.host}.</p>
    </>
  );
}

function Away() {
  const { connection } = usePage();
  const life = connection.life.value;
  return (
    <>
      <h1>
        <Icon name="plug" size={20} /> {life.state === 'full' ? 'No place left' : 'Nobody there'}
      </h1>
      <p>{absenceText(life)}</p>
      <p>
        <RetryText life={life} /> This page stays open and goes on by itself when the process is back.
      </p>
      <div class="gate-row">
        <button type="button" class="button primary" onClick={() => connection.retry()}>
          Try now
        </button>
      </div>
    </>
  );
}

/** Takes a token, or a whole address, of this process or another. */
function TokenForm() {
  const { connection } = usePage();
  const [text, setText] = useState('');
  const [problem, setProblem] = useState('');
  const submit = (event: Event): void => {
    event.preventDefault();
    const token = tokenIn(text);
    if (token === null) {
      setProblem('That is no address of an inspector and no token.');
      return;
    }
    const address = URL.canParse(text.trim()) ? new URL(text.trim()) : null;
    if (address !== null && /^https?:$/.test(address.protocol) && address.host !== location.host) {
      location.assign(address);
    } else connection.useToken(token);
  };
  return (
    <form class="gate-form" onSubmit={submit}>
      <h1>
        <Icon name="lock" size={20} /> This needs a token
      </h1>
      <p>
        The process at {location.host} did not take the token of this page. It prints its address with a fresh token
        each time it starts.
      </p>
      <label for="gate-token">Paste the address or the token</label>
      <div class="gate-row">
        <input
          id="gate-token"
          class="field"
          autocomplete="off"
          spellcheck={false}
          placeholder="http://127.0.0.1:4747/#token=…"
          value={text}
          onInput={event => {
            setText(event.currentTarget.value);
            setProblem('');
          }}
        />
        <button type="submit" class="button primary" disabled={text.trim() === ''}>
          Connect
        </button>
      </div>
      {problem !== '' && (
        <p class="gate-problem" role="alert">
          {problem}
        </p>
      )}
    </form>
  );
}
