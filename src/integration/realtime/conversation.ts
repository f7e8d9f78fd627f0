import { type ConversationItem, ItemList, ProtocolError } from './items.ts';

/** What a key or a `session.update` says about a session. */
export type SessionPatch = Readonly<Record<string, unknown>>;

/** An event as it goes over the wire. */
export interface RealtimeEvent {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** `audio/pcm` is 24 kHz, 16 bit, mono, little-endian: 48 bytes per millisecond. */
const PCM_BYTES_PER_MS = 48;

/** Less audio than this cannot be committed, as the provider has it. */
const LEAST_COMMIT_MS = 100;

/** A session description beyond this is refused: it is kept for as long as the connection lasts. */
const MAX_SESSION_CHARS = 256 * 1024;

/** What a client cannot change about its session. */
const FIXED_FIELDS = ['id', 'object', 'type', 'model', 'expires_at'];

const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

const PCM = { type: 'audio/pcm', rate: 24_000 };

/** The description of a new session, with what the key brought laid over the defaults. */
export function newSession(id: string, model: string, patch: SessionPatch): SessionPatch {
  const base = {
    object: 'realtime.session',
    output_modalities: ['audio'],
    instructions: '',
    tools: [],
    tool_choice: 'auto',
    tracing: null,
    audio: { input: { format: PCM, turn_detection: null }, output: { format: PCM, voice: 'alloy' } },
  };
  const type = patch.type === 'transcription' ? 'transcription' : 'realtime';
  return { ...mergeSession(base, patch), type, id, object: base.object, model };
}

function mergeSession(session: SessionPatch, patch: SessionPatch): SessionPatch {
  const audio = asRecord(session.audio);
  const changed = asRecord(patch.audio);
  const side = (name: string) => ({ ...asRecord(audio[name]), ...asRecord(changed[name]) });
  return { ...session, ...patch, audio: { ...audio, ...changed, input: side('input'), output: side('output') } };
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

interface Echo {
  readonly responseId: string;
  readonly itemId: string;
}

/**
 * The protocol of one connection, without its socket: a client event in, server events out, in the GA vocabulary.
 *
 * Audio comes back as it went in: every `input_audio_buffer.append` is answered by one `response.output_audio.delta` with
 * the same bytes. The first one of a turn opens a response; `commit`, `clear` or `response.cancel` ends it. Text is
 * answered on `response.create`, by repeating what the user said last.
 */
export class Conversation {
  readonly #items = new ItemList();
  readonly #prefix: string;
  #session: SessionPatch;
  #count = 0;
  #buffered = 0;
  #echo: Echo | undefined;

  /** @param prefix makes ids of this connection unlike those of others. */
  constructor(prefix: string, session: SessionPatch) {
    this.#prefix = prefix;
    this.#session = session;
  }

  opening(): RealtimeEvent[] {
    return [this.#event('session.created', { session: this.#session })];
  }

  /** The error event of the provider; `eventId` is the client event that caused it. */
  error(code: string, message: string, param: string | null = null, eventId: string | null = null): RealtimeEvent {
    const error = { type: 'invalid_request_error', code, message, param, event_id: eventId };
    return this.#event('error', { error });
  }

  /** Answers one frame. Never throws: whatever is wrong with it becomes an error event. */
  receive(text: string): RealtimeEvent[] {
    let eventId: string | null = null;
    try {
      const event = asRecord(JSON.parse(text));
      if (typeof event.event_id === 'string') eventId = event.event_id.slice(0, 512);
      return this.#handle(event);
    } catch (error) {
      if (error instanceof ProtocolError) return [this.error(error.code, error.message, error.param, eventId)];
      // Broken JSON, or an item nested too deeply to be written out again.
      return [this.error('invalid_json', 'The event could not be read.', null, eventId)];
    }
  }

  #handle(event: Readonly<Record<string, unknown>>): RealtimeEvent[] {
    switch (event.type) {
      case 'input_audio_buffer.append':
        return this.#append(event.audio);
      case 'input_audio_buffer.commit':
        return this.#commit();
      case 'input_audio_buffer.clear':
        this.#buffered = 0;
        return [...this.#endEcho('cancelled'), this.#event('input_audio_buffer.cleared')];
      case 'session.update':
        return this.#update(event.session);
      case 'response.create':
        return this.#respond();
      case 'response.cancel':
        if (this.#echo === undefined) throw new ProtocolError('response_cancel_not_active', 'No response is active.');
        return this.#endEcho('cancelled');
      case 'output_audio_buffer.clear':
        return [this.#event('output_audio_buffer.cleared')];
      case 'conversation.item.create':
        return this.#added(this.#items.create(event.item, event.previous_item_id, () => this.#id('item')));
      case 'conversation.item.retrieve':
        return [this.#event('conversation.item.retrieved', { item: this.#items.get(event.item_id) })];
      case 'conversation.item.delete':
        return [this.#event('conversation.item.deleted', { item_id: this.#items.delete(event.item_id) })];
      case 'conversation.item.truncate': {
        const { id } = this.#items.get(event.item_id);
        const { audio_end_ms, content_index } = event;
        if (!Number.isInteger(audio_end_ms))
          throw new ProtocolError('invalid_value', 'A whole number.', 'audio_end_ms');
        if (!Number.isInteger(content_index))
          throw new ProtocolError('invalid_value', 'A whole number.', 'content_index');
        return [this.#event('conversation.item.truncated', { item_id: id, audio_end_ms, content_index })];
      }
      default:
        // The type is not repeated: it may be anything.
        throw new ProtocolError('invalid_value', 'The type of the event is missing or not known.', 'type');
    }
  }

  #append(audio: unknown): RealtimeEvent[] {
    if (typeof audio !== 'string' || audio.length % 4 !== 0 || !BASE64.test(audio)) {
      throw new ProtocolError('invalid_value', 'Expected base64 of mono PCM16 at 24 kHz.', 'audio');
    }
    this.#buffered += Buffer.byteLength(audio, 'base64');
    const opening: RealtimeEvent[] = [];
    if (this.#echo === undefined) {
      this.#echo = { responseId: this.#id('resp'), itemId: this.#id('item') };
      opening.push(...this.#responseStarted(this.#echo));
    }
    const { responseId, itemId } = this.#echo;
    const where = { response_id: responseId, item_id: itemId, output_index: 0, content_index: 0 };
    return [...opening, this.#event('response.output_audio.delta', { ...where, delta: audio })];
  }

  #commit(): RealtimeEvent[] {
    const ms = this.#buffered / PCM_BYTES_PER_MS;
    if (ms < LEAST_COMMIT_MS) {
      const message = `The buffer holds ${ms.toFixed(2)} ms of audio; at least ${LEAST_COMMIT_MS} ms are needed.`;
      throw new ProtocolError('input_audio_buffer_commit_empty', message);
    }
    this.#buffered = 0;
    const previous = this.#items.lastId;
    const content = [{ type: 'input_audio', transcript: null }];
    const item = { id: this.#id('item'), type: 'message', role: 'user', status: 'completed', content };
    const committed = this.#event('input_audio_buffer.committed', { item_id: item.id, previous_item_id: previous });
    return [committed, ...this.#added(this.#items.append(item)), ...this.#endEcho('completed')];
  }

  #update(patch: unknown): RealtimeEvent[] {
    const { type } = asRecord(patch);
    if (type !== 'realtime' && type !== 'transcription') {
      throw new ProtocolError(
        type === undefined ? 'missing_required_parameter' : 'invalid_value',
        'session.type must be "realtime" or "transcription".',
        'session.type',
      );
    }
    const free = Object.entries(asRecord(patch)).filter(([field]) => !FIXED_FIELDS.includes(field));
    const merged = mergeSession(this.#session, Object.fromEntries(free));
    if (JSON.stringify(merged).length > MAX_SESSION_CHARS) {
      throw new ProtocolError('invalid_value', `A session holds at most ${MAX_SESSION_CHARS} characters.`, 'session');
    }
    this.#session = merged;
    return [this.#event('session.updated', { session: merged })];
  }

  #respond(): RealtimeEvent[] {
    if (this.#echo !== undefined) {
      const message = 'A response is active. Commit or clear the audio, or cancel the response, first.';
      throw new ProtocolError('conversation_already_has_active_response', message);
    }
    const response = { responseId: this.#id('resp'), itemId: this.#id('item') };
    const text = this.#items.lastUserText ?? 'Nothing was said.';
    const started = this.#responseStarted(response);
    const at = { response_id: response.responseId, item_id: response.itemId, output_index: 0, content_index: 0 };
    return [
      ...started,
      this.#event('response.content_part.added', { ...at, part: { type: 'text', text: '' } }),
      this.#event('response.output_text.delta', { ...at, delta: text }),
      this.#event('response.output_text.done', { ...at, text }),
      this.#event('response.content_part.done', { ...at, part: { type: 'text', text } }),
      ...this.#responseEnded(response, 'completed', [{ type: 'output_text', text }]),
    ];
  }

  #endEcho(status: 'completed' | 'cancelled'): RealtimeEvent[] {
    const echo = this.#echo;
    if (echo === undefined) return [];
    this.#echo = undefined;
    const where = { response_id: echo.responseId, item_id: echo.itemId, output_index: 0, content_index: 0 };
    const done = this.#event('response.output_audio.done', where);
    return [done, ...this.#responseEnded(echo, status, [{ type: 'output_audio', transcript: '' }])];
  }

  #responseStarted({ responseId, itemId }: Echo): RealtimeEvent[] {
    const item = { id: itemId, type: 'message', role: 'assistant', status: 'in_progress', content: [] };
    const response = { id: responseId, object: 'realtime.response', status: 'in_progress', output: [] };
    return [
      this.#event('response.created', { response }),
      this.#event('response.output_item.added', { response_id: responseId, output_index: 0, item }),
    ];
  }

  #responseEnded({ responseId, itemId }: Echo, status: 'completed' | 'cancelled', content: object[]): RealtimeEvent[] {
    const whole = status === 'completed' ? 'completed' : 'incomplete';
    const item = { id: itemId, type: 'message', role: 'assistant', status: whole, content };
    // Nothing is computed here, so nothing is charged.
    const usage = { total_tokens: 0, input_tokens: 0, output_tokens: 0 };
    const response = { id: responseId, object: 'realtime.response', status, output: [item], usage };
    return [
      this.#event('response.output_item.done', { response_id: responseId, output_index: 0, item }),
      ...this.#added(this.#items.append(item)),
      this.#event('response.done', { response }),
    ];
  }

  #added({ item, previousId }: { item: ConversationItem; previousId: string | null }): RealtimeEvent[] {
    return [
      this.#event('conversation.item.added', { previous_item_id: previousId, item }),
      this.#event('conversation.item.done', { previous_item_id: previousId, item }),
    ];
  }

  #event(type: string, fields: object = {}): RealtimeEvent {
    return { type, event_id: this.#id('event'), ...fields };
  }

  #id(kind: string): string {
    this.#count += 1;
    return `${kind}_${this.#prefix}${this.#count.toString(36)}`;
  }
}
