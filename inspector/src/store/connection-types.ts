import type { ReadonlySignal } from '@preact/signals';
import type { ActorKey } from '../../../src/integration/inspect/page-protocol.ts';
import type { Absence } from '../../../src/integration/inspect/viewer/life.ts';
import type { Mirror } from '../../../src/integration/inspect/viewer/mirror.ts';
import type { Outcome, Question } from '../../../src/integration/inspect/viewer/requests.ts';

export type LifeState = 'asking' | 'greeting' | 'live' | 'away' | 'full' | 'refused' | 'dismissed';

/** What the page shows of its connection. */
export interface Life {
  readonly state: LifeState;
  readonly absence: Absence;
  /** When it is tried again, on the clock of this page. */
  readonly retryAt: number;
  readonly wasLive: boolean;
}

/** The connection and what came over it. */
export interface ConnectionStore {
  readonly life: ReadonlySignal<Life>;
  readonly mirror: ReadonlySignal<Mirror>;
  /** The present on the clock of the process, ms. */
  now(): number;
  ask(question: Question): Promise<Outcome>;
  forget(actor: ActorKey): void;
  /** The inspector says that there is no such actor. */
  markEnded(actor: ActorKey): void;
  useToken(token: string): void;
  retry(): void;
}
