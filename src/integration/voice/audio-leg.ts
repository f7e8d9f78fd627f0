import type { RealtimeConnection } from '../realtime/index.ts';

/** Frames that wait for their echo on one connection: a minute. Beyond it the oldest count as lost. */
const MAX_OUTSTANDING = 3_000;

/** What a stream needs of a connection. */
export type AudioCarrier = Pick<RealtimeConnection, 'appendAudio' | 'isOpen'>;

/** What a leg tells its stream. */
export interface LegEvents {
  echoed(): void;
  lost(frames: number): void;
  unexpected(): void;
}

/** One connection of a stream: remembers what was sent over it, in order, until it comes back. */
export class AudioLeg {
  readonly #events: LegEvents;
  readonly #sent: Uint8Array[] = [];
  #carrier: AudioCarrier | undefined;

  constructor(events: LegEvents) {
    this.#events = events;
  }

  /** The connection to send over. */
  use(carrier: AudioCarrier): void {
    this.#carrier = carrier;
  }

  /** Sends a frame; false if there is no open connection. */
  send(frame: Uint8Array): boolean {
    if (this.#carrier === undefined || !this.#carrier.isOpen) return false;
    this.#sent.push(frame);
    this.#carrier.appendAudio(frame);
    if (this.#sent.length > MAX_OUTSTANDING) this.#lose(1);
    return true;
  }

  /** Hand this to the connection. Echoes come in the order of sending, so one that skips frames makes those lost. */
  readonly onAudio = (audio: Uint8Array): void => {
    const at = this.#sent.findIndex(frame => Buffer.compare(frame, audio) === 0);
    if (at === -1) {
      this.#events.unexpected();
      return;
    }
    if (at > 0) this.#lose(at);
    this.#sent.shift();
    this.#events.echoed();
  };

  /** Hand this to the connection. What did not come back by now is lost. */
  readonly onClose = (): void => {
    if (this.#sent.length > 0) this.#lose(this.#sent.length);
  };

  #lose(frames: number): void {
    this.#sent.splice(0, frames);
    this.#events.lost(frames);
  }
}
