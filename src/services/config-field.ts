import { z } from 'zod';
import { SessionchartError } from '../actors/errors.ts';

/** When a changed setting takes effect: in sessions that run already, or only in those started afterwards. */
export type Applies = 'now' | 'new-sessions';

interface FieldBase {
  readonly key: string;
  /** What it does, one sentence; documents and settings pages are made from it. */
  readonly description: string;
  readonly applies: Applies;
}

/** A setting that is a number. `min` itself is allowed unless `exclusiveMin`; `max` is allowed. */
export interface NumberField extends FieldBase {
  readonly kind: 'number';
  readonly unit: string;
  readonly min: number;
  readonly max: number;
  readonly exclusiveMin: boolean;
  readonly integer: boolean;
  readonly default: number;
}

/** A setting that is switched on or off. */
export interface BooleanField extends FieldBase {
  readonly kind: 'boolean';
  readonly default: boolean;
}

/** A setting that is text: free up to `maxLength` characters, or one of `choices`, or of the shape of `pattern`. */
export interface TextField extends FieldBase {
  readonly kind: 'text';
  readonly maxLength: number;
  readonly choices?: readonly string[];
  readonly pattern?: RegExp;
  /** Says in words what `pattern` allows. */
  readonly patternText?: string;
  readonly default: string;
}

export type ConfigField = NumberField | BooleanField | TextField;

/** Longer text is not printed in an error: it may be anything, a secret included. */
const LONGEST_SHOWN_TEXT = 16;
/** Longest name of an unknown setting that an error repeats. */
const LONGEST_SHOWN_NAME = 40;

/** What a field allows, in words: `more than 0, at most 525600 (minutes)`. */
export function allowedText(field: ConfigField): string {
  switch (field.kind) {
    case 'boolean':
      return 'true or false';
    case 'text':
      if (field.choices !== undefined) return field.choices.map(choice => `"${choice}"`).join(', ');
      return field.patternText ?? `text of at most ${field.maxLength} characters`;
    case 'number': {
      const lower = field.exclusiveMin ? `more than ${field.min}, at most` : `${field.min} to`;
      const range = field.max === Number.MAX_SAFE_INTEGER ? `${field.min} or more` : `${lower} ${field.max}`;
      return `${field.integer ? 'a whole number, ' : ''}${range} (${field.unit})`;
    }
  }
}

/** The schema of one field, derived from its description. */
export function schemaOf(field: ConfigField): z.ZodType<number | boolean | string> {
  if (field.kind === 'boolean') return z.boolean();
  if (field.kind === 'text') {
    const { choices, maxLength, pattern } = field;
    const text = z.string().max(maxLength);
    if (choices !== undefined) return text.refine(value => choices.includes(value));
    return pattern === undefined ? text : text.regex(pattern);
  }
  const bounded = field.exclusiveMin ? z.number().gt(field.min) : z.number().gte(field.min);
  return field.integer ? bounded.lte(field.max).int() : bounded.lte(field.max);
}

/** A value as an error may show it: numbers and flags as they are, short text in quotes, all else by its kind. */
export function shownValue(value: unknown): string {
  switch (typeof value) {
    case 'number':
    case 'boolean':
    case 'undefined':
      return String(value);
    case 'string':
      return value.length <= LONGEST_SHOWN_TEXT ? JSON.stringify(value) : `a text of ${value.length} characters`;
    case 'object':
      if (value === null) return 'null';
      return Array.isArray(value) ? 'a list' : 'an object';
    default:
      return `a ${typeof value}`;
  }
}

/** A name that came from outside, short enough for an error. */
export function shownName(name: string): string {
  return name.length <= LONGEST_SHOWN_NAME ? name : `${name.slice(0, LONGEST_SHOWN_NAME)}…`;
}

/** The error for a value that a field does not allow. Names field, value and range. */
export function notAllowed(name: string, value: unknown, allowed: string): SessionchartError {
  return new SessionchartError('INVALID_CONFIG', {
    message: `${name} is ${shownValue(value)}; allowed: ${allowed}`,
    field: name,
    allowed,
  });
}

/** The error for a setting that does not exist. */
export function notKnown(name: string, known: readonly string[]): SessionchartError {
  const field = shownName(name);
  const allowed = known.join(', ');
  return new SessionchartError('INVALID_CONFIG', {
    message: `${field} is not a known setting; allowed: ${allowed}`,
    field,
    allowed,
  });
}
