import type { Clock } from '../../actors/ports.ts';
import { notAllowed } from '../../services/config-field.ts';
import { type AudioGaps, GapMeter } from './audio-gaps.ts';
import { type AudioCarrier, AudioLeg } from './audio-leg.ts';
import { FRAME_MS } from './wav.ts';

/** Frames sent at once after a late timer: one second. What a busy process missed beyond that is skipped and counted. */
const MAX_BURST = 50;

/** How long `stop()` waits for echoes that are under way, ms. */
const DEFAULT_DRAIN_MS = 1_000;

export interface AudioStreamOptions {
  readonly clock: Clock;
  /** How long `stop()` waits for outstanding echoes, ms. [drainMs=1000] */
  readonly drainMs?: number;
  /** Frames of 20 ms, sent in a loop. At least one. */
  readonly frames: readonly Uint8Array[];
}

/** Figures of a stream. */
export interface AudioStreamStats extends AudioGaps {
  readonly framesSent: number;
  readonly framesEchoed: number;
  /** Sent, and certain not to come back: later ones did, their connection is gone, or the stream has stopped. */
  readonly framesLost: number;
  /** Due while no connection was there to take them. */
  readonly framesUnsent: number;
  /** Due while the process was too late to send them. */
  readonly framesSkipped: number;
  /** Arrived, and equal to nothing that was under way. */
  readonly framesUnexpected: number;
  /** Sent, and not yet back. */
  readonly framesOutstanding: number;
}

/**
 * Sends audio at the pace of speech, one frame every 20 ms in a loop, and measures how it comes back.
 *
 * The pace is counted from the start and not from the frame before, so late timers do not add up. Echoes are matched with
 * what was sent byte by byte and in order, per connection. The longest gap is the time between two consecutive echoes at
 * the receiver, on the clock of the stream; the first gap runs from the first frame that was due.
 *
 * @example
 * ```ts
 * const stream = new AudioStream({ clock, frames: framesOf(await readFile('speech.wav')) });
 * const leg = stream.newLeg();
 * const connection = await openRealtimeConnection({ ...options, onAudio: leg.onAudio, onClose: leg.onClose });
 * stream.switchTo(leg, connection);
 * stream.start();
 * // …
 * const { longestGapDuringRenewalMs, longestGapOutsideRenewalMs } = await stream.stop();
 * ```
 */
export class AudioStream {
  readonly #clock: Clock;
  readonly #drainMs: number;
  readonly #frames: readonly Uint8Array[];
  readonly #gaps = new GapMeter();
  readonly #counts = { sent: 0, echoed: 0, lost: 0, unsent: 0, skipped: 0, unexpected: 0 };
  #leg: AudioLeg | undefined;
  #state: 'idle' | 'running' | 'paused' | 'stopped' = 'idle';
  #timer: unknown;
  /** The pace: frame number `#paced` since `#paceAt` is due at `#paceAt + #paced * FRAME_MS`. */
  #paceAt = 0;
  #paced = 0;
  /** Place in the loop. It moves on with time, whether the frame could be sent or not. */
  #position = 0;
  /** When sending ended: silence after it is meant, so a gap that is open counts up to here. */
  #quietSince: number | undefined;
  #onDrained: (() => void) | undefined;
  #stopping: Promise<AudioStreamStats> | undefined;

  constructor({ clock, drainMs = DEFAULT_DRAIN_MS, frames }: AudioStreamOptions) {
    if (frames.length === 0) throw notAllowed('frames', frames, 'at least one frame');
    if (!(drainMs >= 0)) throw notAllowed('drainMs', drainMs, '0 or more (ms)');
    this.#clock = clock;
    this.#drainMs = drainMs;
    this.#frames = frames;
  }

  /** A leg for a connection that is about to be opened: the first one, or one that takes over. */
  newLeg(): AudioLeg {
    return new AudioLeg({
      echoed: () => {
        this.#gaps.heard(this.#clock.now());
        this.#counts.echoed += 1;
        this.#settled();
      },
      lost: frames => {
        this.#counts.lost += frames;
        this.#settled();
      },
      unexpected: () => {
        this.#counts.unexpected += 1;
      },
    });
  }

  /** Sends over this connection from the next frame on. The one before it still delivers its echoes. */
  switchTo(leg: AudioLeg, carrier: AudioCarrier): void {
    leg.use(carrier);
    this.#leg = leg;
  }

  /** Begins to send; the first frame goes at once. Does nothing on a stream that was started. */
  start(): void {
    if (this.#state === 'idle') this.#run();
  }

  /** Falls silent. Echoes under way are still counted; the silence is no gap. */
  pause(): void {
    if (this.#state !== 'running') return;
    this.#state = 'paused';
    this.#quietSince = this.#clock.now();
    this.#clock.clearTimeout(this.#timer);
    this.#settled();
  }

  /** Goes on after {@link pause}. */
  resume(): void {
    if (this.#state !== 'paused') return;
    this.#silence();
    this.#run();
  }

  /** Tells that a renewal begins, or that it is over. */
  markRenewal(renewing: boolean): void {
    this.#gaps.markRenewal(renewing);
  }

  /** The figures so far, a gap that is still open included. */
  stats(): AudioStreamStats {
    const { sent, echoed, lost, unsent, skipped, unexpected } = this.#counts;
    return {
      ...this.#gaps.read(this.#quietSince ?? this.#clock.now()),
      framesSent: sent,
      framesEchoed: echoed,
      framesLost: lost,
      framesUnsent: unsent,
      framesSkipped: skipped,
      framesUnexpected: unexpected,
      framesOutstanding: this.#outstanding,
    };
  }

  /** Stops sending, waits for what is under way, at most `drainMs`, and returns the last figures. */
  stop(): Promise<AudioStreamStats> {
    this.#stopping ??= this.#drain();
    return this.#stopping;
  }

  get #outstanding(): number {
    return this.#counts.sent - this.#counts.echoed - this.#counts.lost;
  }

  #run(): void {
    this.#state = 'running';
    this.#quietSince = undefined;
    this.#paceAt = this.#clock.now();
    this.#paced = 0;
    this.#tick();
  }

  #tick(): void {
    const now = this.#clock.now();
    this.#gaps.begin(now);
    const due = Math.floor((now - this.#paceAt) / FRAME_MS) + 1 - this.#paced;
    const late = Math.max(0, due - MAX_BURST);
    this.#counts.skipped += late;
    this.#position += late;
    for (let frame = late; frame < due; frame += 1) this.#sendNext();
    this.#paced += Math.max(0, due);
    this.#timer = this.#clock.setTimeout(() => this.#tick(), this.#paceAt + this.#paced * FRAME_MS - now);
  }

  #sendNext(): void {
    const frame = this.#frames[this.#position % this.#frames.length];
    this.#position += 1;
    if (frame !== undefined && this.#leg?.send(frame)) this.#counts.sent += 1;
    else this.#counts.unsent += 1;
  }

  /** When the last echo of a stream that fell silent is in, what follows is meant. */
  #settled(): void {
    if (this.#outstanding > 0 || this.#state === 'running') return;
    this.#silence();
    this.#onDrained?.();
  }

  #silence(): void {
    if (this.#quietSince !== undefined) this.#gaps.suspend(this.#quietSince);
  }

  async #drain(): Promise<AudioStreamStats> {
    this.#state = 'stopped';
    this.#quietSince ??= this.#clock.now();
    this.#clock.clearTimeout(this.#timer);
    if (this.#outstanding > 0) {
      await new Promise<void>(resolve => {
        const patience = this.#clock.setTimeout(resolve, this.#drainMs);
        this.#onDrained = () => {
          this.#clock.clearTimeout(patience);
          resolve();
        };
      });
    }
    const last = this.stats();
    return { ...last, framesLost: last.framesLost + last.framesOutstanding, framesOutstanding: 0 };
  }
}
