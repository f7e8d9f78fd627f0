import { signal } from '@preact/signals';
import { createActor } from 'xstate';
import type { ClientMessage, ServerMessage } from '../../../src/integration/inspect/page-protocol.ts';
import { lifeMachine } from '../../../src/integration/inspect/viewer/life.ts';
import {
  applied,
  EMPTY_MIRROR,
  ended,
  forgotten,
  type Mirror,
} from '../../../src/integration/inspect/viewer/mirror.ts';
import { Pacer } from '../../../src/integration/inspect/viewer/pacer.ts';
import { Requests } from '../../../src/integration/inspect/viewer/requests.ts';
import { skewAfter } from '../../../src/integration/inspect/viewer/server-clock.ts';
import { access } from '../connection/access.ts';
import { linkTo } from '../connection/link.ts';
import { keepToken } from '../connection/token.ts';
import type { ConnectionStore, Life } from './connection-types.ts';

export function connectionStore(token: string | null): ConnectionStore {
  const requests = new Requests();
  const pacer = new Pacer(() => performance.now());
  const mirror = signal<Mirror>(EMPTY_MIRROR);
  let skew: number | null = null;
  let say: ((message: ClientMessage) => boolean) | null = null;
  /** While the process is away its time stands still: nobody knows what its deadlines brought. */
  let lostAt: number | null = null;

  const onMessage = (message: ServerMessage): void => {
    if ('now' in message) skew = skewAfter(message.type === 'welcome' ? null : skew, message.now, Date.now());
    mirror.value = applied(mirror.value, message);
    requests.settle(message);
  };
  const onSay = (next: typeof say): void => {
    lostAt = next === null ? (lostAt ?? Date.now()) : null;
    say = next;
    if (next === null) requests.abandon();
  };
  const actor = createActor(lifeMachine.provide({ actors: { access, link: linkTo({ onMessage, onSay }) } }), {
    input: { token, now: Date.now },
  });
  const lifeNow = (): Life => {
    const { value, context } = actor.getSnapshot();
    const { absence, retryAt, wasLive } = context;
    const state = typeof value === 'string' ? (value === 'beginning' ? 'asking' : value) : value.linked;
    return { state, absence, retryAt, wasLive };
  };
  const life = signal<Life>(lifeNow());
  actor.subscribe(() => {
    life.value = lifeNow();
  });
  actor.start();

  return {
    life,
    mirror,
    now: () => (lostAt ?? Date.now()) + (skew ?? 0),
    async ask(question) {
      const wait = pacer.turn();
      if (wait > 0) await new Promise(resolve => setTimeout(resolve, wait));
      return requests.ask(question, message => say?.(message) ?? false);
    },
    forget(key) {
      mirror.value = forgotten(mirror.value, key);
    },
    markEnded(key) {
      mirror.value = ended(mirror.value, key);
    },
    useToken(fresh) {
      keepToken(fresh, sessionStorage);
      actor.send({ type: 'TOKEN', token: fresh });
    },
    retry() {
      actor.send({ type: 'RETRY' });
    },
  };
}
