import type { AnyActorRef, InspectionEvent } from 'xstate';
import type { Connection, Endpoint, EndpointParts } from '../../../src/integration/inspect/endpoint.ts';
import { VirtualClock } from '../../../src/integration/testing/virtual-clock.ts';
import { createRedactor } from '../../../src/services/redact.ts';

// biome-ignore lint/suspicious/noExplicitAny: frames of all shapes.
export type Frame = any;

/** What an endpoint looks at, without a server: some actors, and what is sent to them. */
export class Lab {
  readonly sent: { readonly id: string; readonly event: { readonly type: string } }[] = [];
  readonly faults: unknown[] = [];
  readonly parts: EndpointParts;
  readonly #roots: AnyActorRef[] = [];
  readonly #listeners = new Set<(event: InspectionEvent) => void>();

  constructor(roots: readonly AnyActorRef[], allowSend = false) {
    for (const root of roots) this.attach(root);
    const observation = {
      feed: (listener: (event: InspectionEvent) => void) => {
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
      },
      liveActors: () => this.#roots.flatMap(root => alive(root)),
      keyOf: (actor: AnyActorRef) => (isBelow(actor, this.#roots) ? actor.id : undefined),
      send: async (id: string, event: { type: string }) => {
        this.sent.push({ id, event });
        for (const actor of observation.liveActors()) if (actor.id === id) actor.send(event);
      },
    };
    this.parts = {
      observation: observation as unknown as EndpointParts['observation'],
      clock: new VirtualClock(),
      redact: createRedactor().data,
      allowSend,
      onFault: error => void this.faults.push(error),
    };
  }

  detach(root: AnyActorRef): void {
    this.#roots.splice(this.#roots.indexOf(root), 1);
  }

  attach(root: AnyActorRef): void {
    this.#roots.push(root);
    root.system.inspect(record => {
      if (!this.#roots.includes(root)) return;
      for (const listener of this.#listeners) listener(record);
    });
  }

  get listeners(): number {
    return this.#listeners.size;
  }
}

function isBelow(actor: AnyActorRef | undefined, roots: readonly AnyActorRef[]): boolean {
  return actor !== undefined && (roots.includes(actor) || isBelow(actor._parent, roots));
}

function alive(actor: AnyActorRef): AnyActorRef[] {
  const { status, children = {} } = actor.getSnapshot();
  return status === 'active' ? [actor, ...Object.values<AnyActorRef>(children).flatMap(alive)] : [];
}

/** A viewer of an endpoint, with what it was sent. */
export class Viewer implements Connection {
  frames: Frame[] = [];
  closedFor: string | undefined;
  greetings = 0;
  isStalled = false;
  readonly #side;

  constructor(endpoint: Endpoint, query = '') {
    this.#side = endpoint.accept(this, new URLSearchParams(query));
  }

  send(text: string | Buffer, droppable?: 'droppable'): boolean {
    if (this.isStalled && droppable !== undefined) return false;
    this.frames.push(JSON.parse(String(text)));
    return true;
  }
  greet(): void {
    this.greetings++;
  }
  garbled(): void {}
  close(cause: string): void {
    this.closedFor = cause;
  }

  says(message: unknown): void {
    this.#side.receive(typeof message === 'string' ? message : JSON.stringify(message));
  }
  /** It begins to read again. */
  wakes(): void {
    this.isStalled = false;
    this.#side.resync();
  }
  /** Something was attached or detached. */
  refreshes(): void {
    this.#side.refresh();
  }
  leaves(): void {
    this.#side.left();
  }
  /** What came since the last call. */
  take(): Frame[] {
    return this.frames.splice(0);
  }
}

/** One frame in a word: `register child`, `event child GO`, `state child b`, `stop child`. */
export function shortly(frames: readonly Frame[], names: ReadonlyMap<string, string>): string[] {
  return frames.map(frame => {
    const who = names.get(frame.sessionId) ?? frame.sessionId;
    const kind = frame.type.replace(/^service\.|^@xstate\./, '');
    if (kind === 'event') return `event ${who} ${frame.event.type ?? JSON.parse(frame.event).name}`;
    if (kind === 'state') return `state ${who} ${JSON.stringify(JSON.parse(frame.state).value)}`;
    if (kind === 'snapshot') return `snapshot ${who} ${frame.snapshot.status}`;
    return `${kind} ${who}`;
  });
}
