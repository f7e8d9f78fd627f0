import type { Clock } from '../../actors/ports.ts';
import type { SessionConfigPatch } from '../../services/session-config.ts';
import type { SessionManager } from '../../services/session-manager.ts';
import { openRealtimeConnection, type RealtimeConnection } from '../realtime/index.ts';
import { AudioStream } from './audio-stream.ts';
import type { VoiceBackend } from './backend.ts';

/** How often speech is reported as activity, ms. */
const ACTIVITY_MS = 1_000;

/** Longest wait for echoes that are under way before a connection is closed, ms, and how often to look. */
const DRAIN_MS = 1_000;
const LOOK_MS = 20;

export interface VoiceCallOptions {
  readonly manager: SessionManager;
  readonly backend: VoiceBackend;
  readonly clock: Clock;
  readonly frames: readonly Uint8Array[];
  readonly config?: SessionConfigPatch;
}

const wait = (clock: Clock, ms: number): Promise<void> => new Promise(resolve => clock.setTimeout(resolve, ms));

/** One caller: a session, its realtime connection, and the speech that goes over it. */
export class VoiceCall {
  readonly #manager: SessionManager;
  readonly #backend: VoiceBackend;
  readonly #clock: Clock;
  readonly stream: AudioStream;
  readonly sessionId: string;
  #connection: RealtimeConnection | undefined;
  #speaking: unknown;

  private constructor({ manager, backend, clock, frames }: VoiceCallOptions, sessionId: string) {
    this.#manager = manager;
    this.#backend = backend;
    this.#clock = clock;
    this.sessionId = sessionId;
    this.stream = new AudioStream({ clock, frames });
  }

  /** Starts a session. It is silent until {@link connect} and {@link speak}. */
  static async start(options: VoiceCallOptions): Promise<VoiceCall> {
    const { sessionId } = await options.manager.startSession(options.config);
    return new VoiceCall(options, sessionId);
  }

  /** Opens a connection on the credential that the session has now. Speech goes over it from the next frame on. */
  async connect(): Promise<void> {
    const credential = this.#manager.credentialFor(this.sessionId);
    if (credential === undefined) throw new Error('the session has no credential to connect with');
    this.#manager.reportTransport(this.sessionId, { state: 'connecting' });
    const leg = this.stream.newLeg();
    const { url, model } = this.#backend;
    const connection = await openRealtimeConnection({
      url,
      model,
      credential,
      clock: this.#clock,
      onAudio: leg.onAudio,
      onClose: () => {
        leg.onClose();
        if (this.#connection === connection) this.#lost();
      },
    });
    this.#connection = connection;
    const { expiresAt } = connection;
    this.#manager.reportTransport(this.sessionId, {
      state: 'connected',
      ...(expiresAt === undefined ? {} : { expiresAt }),
    });
    this.stream.switchTo(leg, connection);
  }

  /** Speaks in a loop; speech counts as activity. */
  speak(): void {
    this.stream.start();
    this.stream.resume();
    this.#clock.clearTimeout(this.#speaking);
    const report = (): void => {
      this.#manager.resetInactivityTimer(this.sessionId).catch(() => this.hush());
      this.#speaking = this.#clock.setTimeout(report, ACTIVITY_MS);
    };
    report();
  }

  /** Falls silent; the connection stays. */
  hush(): void {
    this.stream.pause();
    this.#clock.clearTimeout(this.#speaking);
  }

  /** Falls silent, waits for what is still to come back, and closes the connection. */
  async disconnect(): Promise<void> {
    this.hush();
    const until = this.#clock.now() + DRAIN_MS;
    while (this.stream.stats().framesOutstanding > 0 && this.#clock.now() < until) await wait(this.#clock, LOOK_MS);
    const connection = this.#connection;
    this.#connection = undefined;
    await connection?.close();
    if (this.#manager.isInitialized()) this.#manager.reportTransport(this.sessionId, { state: 'disconnected' });
  }

  /** Ends the call: nothing of it is left afterwards. */
  async finish(): Promise<void> {
    this.hush();
    await this.stream.stop();
    await this.disconnect();
    await this.#manager.endSession(this.sessionId);
  }

  #lost(): void {
    this.#connection = undefined;
    this.hush();
    if (this.#manager.isInitialized()) this.#manager.reportTransport(this.sessionId, { state: 'failed' });
  }
}
