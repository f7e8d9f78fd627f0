type Redact = (data: unknown) => unknown;
type Config = Readonly<Record<string, unknown>>;

/** Keys whose text is a name in the chart. All other keys may hold data. */
const NAMES = new Set([
  'delay',
  'history',
  'id',
  'initial',
  'key',
  'reenter',
  'src',
  'systemId',
  'tags',
  'target',
  'type',
]);
/** Keys under which there is one thing, or a list of them, that is a name, a function, or an object with keys of its own. */
const PARTS = new Set([
  'actions',
  'always',
  'entry',
  'exit',
  'guard',
  'initial',
  'invoke',
  'onDone',
  'onError',
  'onSnapshot',
]);
/** Keys under which such things stand by a name that the author of the chart chose. */
const TABLES = new Set(['after', 'on', 'states']);

/**
 * The configuration of a machine as @statelyai/inspect tells it: plain data, functions as `{ type: <name> }`.
 *
 * Other than there, the context is left out, since each snapshot has the real one, and what may hold data is redacted:
 * meta data, parameters, inputs, outputs.
 */
export function statelyDefinition(config: object, redact: Redact): object {
  const { context: _, ...rest } = config as Config;
  return fields(rest, redact);
}

function fields(config: Config, redact: Redact): object {
  return Object.fromEntries(Object.entries(config).map(([key, value]) => [key, field(key, value, redact)]));
}

function field(key: string, value: unknown, redact: Redact): unknown {
  if (TABLES.has(key) && typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, part(each, redact)]));
  }
  if (PARTS.has(key)) return part(value, redact);
  if (typeof value === 'function') return { type: value.name };
  if (key === 'src' && typeof value === 'object') return (value as { readonly id?: string } | null)?.id;
  if (NAMES.has(key)) return value;
  return redactedEntry(key, value, redact);
}

/** What may be shown of a value, with regard to its name, which may say that it is secret. */
export function redactedEntry(name: string, value: unknown, redact: Redact): unknown {
  const shown = redact({ [name]: value });
  return typeof shown === 'object' && shown !== null ? (shown as Config)[name] : shown;
}

function part(value: unknown, redact: Redact): unknown {
  if (Array.isArray(value)) return value.map(each => part(each, redact));
  if (typeof value === 'function') return { type: value.name };
  return typeof value === 'object' && value !== null ? fields(value as Config, redact) : value;
}
