/** A field of the form for an event. */
export type SendField = { readonly name: string; readonly label: string } & (
  | { readonly kind: 'choice'; readonly choices: readonly string[] }
  | {
      readonly kind: 'number';
      readonly unit: string;
      readonly min: number;
      readonly max: number;
      readonly whole: boolean;
      /** `min` itself is not allowed. */
      readonly above: boolean;
    }
  | { readonly kind: 'switch' }
);

type Bounds = readonly [min: number, max: number];

const number = (
  name: string,
  label: string,
  unit: string,
  [min, max]: Bounds,
  rule: 'whole' | 'above' | 'any' = 'any',
): SendField => ({ kind: 'number', name, label, unit, min, max, whole: rule === 'whole', above: rule === 'above' });

/** What can be said to a session beyond the mere name of an event. The process checks all of it again. */
const SESSION_FIELDS: Readonly<Record<string, readonly SendField[]>> = {
  END: [
    {
      kind: 'choice',
      name: 'reason',
      label: 'Reason',
      choices: ['user', 'provider-ended', 'connection-lost', 'recovery'],
    },
  ],
  TRANSPORT: [
    {
      kind: 'choice',
      name: 'state',
      label: 'State',
      choices: ['connected', 'connecting', 'disconnected', 'failed'],
    },
  ],
  CONFIGURE: [
    number('inactivityTimeoutMinutes', 'Inactivity timeout', 'min', [0, 525_600], 'above'),
    { kind: 'switch', name: 'enableInactivityTimeout', label: 'Inactivity on' },
    number('heartbeatIntervalSeconds', 'Heartbeat interval', 's', [1, 86_400]),
    { kind: 'switch', name: 'enableHeartbeat', label: 'Heartbeat on' },
    number('renewalMarginSeconds', 'Renewal margin', 's', [0, 3_600]),
    number('maxRetryAttempts', 'Attempts', '', [1, 8], 'whole'),
    number('retryBackoffMs', 'Retry back-off', 'ms', [0, 5_000]),
    number('maxDurationMinutes', 'Lifetime', 'min', [0, 525_600], 'above'),
    number('durationWarningSeconds', 'Warning before it', 's', [0, 86_400]),
  ],
};

/** Events of a session that are their name and nothing more. */
const PLAIN: ReadonlySet<string> = new Set(['PAUSE', 'RESUME', 'RENEW', 'ACTIVITY', 'REFUSED', 'REVIVE']);

/** The fields of an event; `null` if nothing is known of it, and its payload is written as JSON. */
export function fieldsOf(role: 'coordinator' | 'session' | 'actor', type: string): readonly SendField[] | null {
  if (role !== 'session') return null;
  return SESSION_FIELDS[type] ?? (PLAIN.has(type) ? [] : null);
}

export type SendEvent = { readonly type: string; readonly [field: string]: unknown };

/** An event, or what is wrong with what was written. */
export type Draft = { readonly event: SendEvent } | { readonly problem: string };

/** The event that a form says. Fields left empty are left out. */
export function drafted(type: string, fields: readonly SendField[], values: Readonly<Record<string, string>>): Draft {
  const payload: Record<string, unknown> = {};
  for (const field of fields) {
    const text = (values[field.name] ?? '').trim();
    if (text === '') {
      if (field.kind === 'choice') return { problem: `${field.label}: choose one` };
      continue;
    }
    if (field.kind === 'number') {
      const n = Number(text);
      if (!fits(n, field)) return { problem: `${field.label}: ${allowed(field)}` };
      payload[field.name] = n;
    } else payload[field.name] = field.kind === 'switch' ? text === 'true' : text;
  }
  if (type !== 'CONFIGURE') return { event: { ...payload, type } };
  if (Object.keys(payload).length === 0) return { problem: 'Change at least one setting' };
  return { event: { type, config: payload } };
}

type NumberSendField = Extract<SendField, { kind: 'number' }>;

const fits = (n: number, { min, max, whole, above }: NumberSendField): boolean =>
  (above ? n > min : n >= min) && n <= max && (!whole || Number.isInteger(n));

const allowed = ({ min, max, whole, above }: NumberSendField): string =>
  `${whole ? 'a whole number, ' : ''}${above ? `more than ${min}, at most` : `${min} to`} ${max}`;

/** The event with a payload written as JSON. */
export function draftedJson(type: string, text: string): Draft {
  if (text.trim() === '') return { event: { type } };
  let payload: unknown;
  try {
    payload = JSON.parse(text);
  } catch (error) {
    return { problem: `Not JSON: ${(error as Error).message}` };
  }
  if (typeof payload !== 'object' || payload === null || Array.isArray(payload)) {
    return { problem: 'The payload is an object: its fields become those of the event' };
  }
  if ('type' in payload && payload.type !== type) return { problem: `The type of the event is ${type}: leave it out` };
  return { event: { ...payload, type } };
}
