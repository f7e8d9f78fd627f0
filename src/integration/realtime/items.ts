/** A client event that cannot be served. `message` repeats nothing that the client sent. */
export class ProtocolError extends Error {
  readonly code: string;
  readonly param: string | null;

  constructor(code: string, message: string, param: string | null = null) {
    super(message);
    this.code = code;
    this.param = param;
  }
}

/** An entry of a conversation. */
export interface ConversationItem {
  readonly id: string;
  readonly type: string;
  readonly [field: string]: unknown;
}

/** Entries and characters that one connection may keep; beyond either the oldest entries go. */
const MAX_ITEMS = 256;
const MAX_CHARS = 1024 * 1024;

const LONGEST_ID = 64;
/** In the place of an id: before all others. */
const ROOT = 'root';

const ROLES = ['user', 'assistant', 'system'];
const PART_TYPES = ['input_text', 'input_audio', 'input_image', 'output_text', 'output_audio', 'text', 'audio'];

/** The entries of one conversation, bounded in number and size. */
export class ItemList {
  readonly #items = new Map<string, { item: ConversationItem; chars: number }>();
  #chars = 0;

  /** Id of the newest entry. */
  get lastId(): string | null {
    return [...this.#items.keys()].at(-1) ?? null;
  }

  /** The newest text that a user wrote. */
  get lastUserText(): string | undefined {
    for (const { item } of [...this.#items.values()].reverse()) {
      if (item.role !== 'user' || !Array.isArray(item.content)) continue;
      const part: unknown = item.content.find(({ type, text }) => type === 'input_text' && typeof text === 'string');
      if (part !== undefined) return (part as { text: string }).text;
    }
    return undefined;
  }

  /** Checks an entry from a client and adds it; `newId` names one that came without an id. */
  create(
    value: unknown,
    previous: unknown,
    newId: () => string,
  ): { item: ConversationItem; previousId: string | null } {
    const item = checkItem(value, newId);
    if (this.#items.has(item.id)) throw new ProtocolError('invalid_value', 'The id is taken.', 'item.id');
    if (previous === undefined || previous === null) return this.append(item);
    const previousId = previous === ROOT ? null : this.get(previous, 'previous_item_id').id;
    return { ...this.append(item), previousId };
  }

  append(item: ConversationItem): { item: ConversationItem; previousId: string | null } {
    const previousId = this.lastId;
    const chars = JSON.stringify(item).length;
    this.#items.set(item.id, { item, chars });
    this.#chars += chars;
    for (const [id, oldest] of this.#items) {
      if (this.#items.size <= MAX_ITEMS && this.#chars <= MAX_CHARS) break;
      this.#items.delete(id);
      this.#chars -= oldest.chars;
    }
    return { item, previousId };
  }

  get(id: unknown, param = 'item_id'): ConversationItem {
    const found = typeof id === 'string' ? this.#items.get(id) : undefined;
    if (found === undefined) throw new ProtocolError('item_not_found', 'There is no item with this id.', param);
    return found.item;
  }

  delete(id: unknown): string {
    const item = this.get(id);
    this.#chars -= this.#items.get(item.id)?.chars ?? 0;
    this.#items.delete(item.id);
    return item.id;
  }
}

/** Clients parse what comes back strictly, so a malformed message is stopped here and not echoed to them. */
function checkItem(value: unknown, newId: () => string): ConversationItem {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ProtocolError('invalid_value', 'The item must be an object.', 'item');
  }
  const item = value as Record<string, unknown>;
  if (typeof item.type !== 'string') throw new ProtocolError('invalid_value', 'The type must be a text.', 'item.type');
  if (item.id !== undefined && (typeof item.id !== 'string' || item.id === '' || item.id.length > LONGEST_ID)) {
    throw new ProtocolError('invalid_value', `The id must be a text of 1 to ${LONGEST_ID} characters.`, 'item.id');
  }
  if (item.type === 'message') checkMessage(item);
  return { status: 'completed', ...item, id: typeof item.id === 'string' ? item.id : newId(), type: item.type };
}

function checkMessage({ role, content }: Record<string, unknown>): void {
  if (typeof role !== 'string' || !ROLES.includes(role)) {
    throw new ProtocolError('invalid_value', `The role must be one of ${ROLES.join(', ')}.`, 'item.role');
  }
  if (!Array.isArray(content)) throw new ProtocolError('invalid_value', 'The content must be a list.', 'item.content');
  for (const part of content) {
    const type: unknown = typeof part === 'object' && part !== null ? part.type : undefined;
    if (typeof type === 'string' && PART_TYPES.includes(type)) continue;
    throw new ProtocolError('invalid_value', `A part must be one of ${PART_TYPES.join(', ')}.`, 'item.content');
  }
}
