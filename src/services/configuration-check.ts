import { isSessionchartError } from '../actors/errors.ts';
import { allowedText, type ConfigField, notAllowed, notKnown, schemaOf, shownName } from './config-field.ts';
import { CONFIGURATION_FIELDS, SECRET_SETTING, type SectionName } from './configuration-fields.ts';
import type { ValidationError, ValidationResult } from './configuration-types.ts';

export const SECTION_NAMES = Object.keys(CONFIGURATION_FIELDS) as readonly SectionName[];

const SCHEMAS = new Map(
  Object.values(CONFIGURATION_FIELDS).flatMap(fields => fields.map(field => [field, schemaOf(field)] as const)),
);

/** The good values among the given ones, and what is wrong with the others. */
export interface CheckedSection {
  readonly values: Readonly<Record<string, unknown>>;
  readonly issues: readonly ValidationError[];
}

/** Checks the values given for one section. Total: values of any kind give an answer. */
export function checkSection(section: SectionName, given: unknown): CheckedSection {
  const fields = CONFIGURATION_FIELDS[section];
  const values: Record<string, unknown> = {};
  const issues: ValidationError[] = [];
  if (given === undefined) return { values, issues };
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    return { values, issues: [issueOf(section, notAllowed(section, given, 'an object with settings'))] };
  }
  const known = fields.map(({ key }) => key);
  for (const [key, read] of ownReaders(given)) {
    const path = `${section}.${shownName(key)}`;
    const field = fields.find(candidate => candidate.key === key);
    const value = field === undefined ? undefined : read();
    if (field === undefined) issues.push(unknownSetting(path, key, known));
    else if (value === undefined) continue;
    else if (SCHEMAS.get(field)?.safeParse(value).success === true) values[key] = value;
    else issues.push(badValue(path, field, value));
  }
  if (section === 'azureOpenAI' && Object.keys(values).length > 0 && !values.endpoint) issues.push(NO_ENDPOINT);
  return { values, issues };
}

/** Checks all sections of what a source yielded. */
export function checkAll(given: unknown): Record<SectionName, CheckedSection> & { readonly other: ValidationError[] } {
  const isObject = typeof given === 'object' && given !== null && !Array.isArray(given);
  const readers = isObject ? ownReaders(given) : [];
  const other = readers
    .filter(([key]) => !SECTION_NAMES.includes(key as SectionName))
    .map(([key]) => unknownSetting(shownName(key), key, SECTION_NAMES));
  if (!isObject) other.push(issueOf('configuration', notAllowed('configuration', given, 'an object with sections')));
  const of = (section: SectionName): CheckedSection =>
    checkSection(section, readers.find(([key]) => key === section)?.[1]());
  return { session: of('session'), azureOpenAI: of('azureOpenAI'), openai: of('openai'), other };
}

/** Sorts issues by severity. */
export function validationOf(issues: readonly ValidationError[]): ValidationResult {
  const errors = Object.freeze(issues.filter(({ severity }) => severity === 'error'));
  const warnings = Object.freeze(issues.filter(({ severity }) => severity === 'warning'));
  return Object.freeze({ isValid: errors.length === 0, errors, warnings });
}

/** What the source of the settings failed with. */
export const UNREADABLE: ValidationError = Object.freeze({
  path: 'configuration',
  message: 'The settings could not be read; defaults or the last good values are used.',
  code: 'INVALID_CONFIG',
  severity: 'error',
  remediation: 'Check the source of the settings.',
});

const NO_ENDPOINT: ValidationError = Object.freeze({
  path: 'azureOpenAI.endpoint',
  message: 'No endpoint is configured.',
  code: 'MISSING_ENDPOINT',
  severity: 'error',
  remediation: 'Set the endpoint of the Azure OpenAI resource.',
});

/** The own keys of an object with a reader for each; a getter that throws reads as `null`, which no field allows. */
function ownReaders(given: object): [string, () => unknown][] {
  try {
    return Object.keys(given).map(key => [
      key,
      () => {
        try {
          return Reflect.get(given, key);
        } catch {
          return null;
        }
      },
    ]);
  } catch {
    return [];
  }
}

function badValue(path: string, field: ConfigField, value: unknown): ValidationError {
  const allowed = allowedText(field);
  const code = field.key === 'endpoint' ? 'INVALID_ENDPOINT_FORMAT' : 'INVALID_CONFIG';
  // Text that failed is not repeated: a key pasted into the wrong setting would end up in a log.
  const shown = typeof value === 'string' ? notAllowed(path, undefined, allowed).message : undefined;
  const message = shown?.replace('undefined', 'a text that does not fit') ?? notAllowed(path, value, allowed).message;
  return Object.freeze({ path, message, code, severity: 'error', remediation: `Use ${allowed}.` });
}

function unknownSetting(path: string, key: string, known: readonly string[]): ValidationError {
  if (!SECRET_SETTING.test(key)) return { ...issueOf(path, notKnown(key, known)), severity: 'warning' };
  return Object.freeze({
    path,
    message: `${path} looks like a secret; secrets do not belong into settings.`,
    code: 'INVALID_CONFIG',
    severity: 'error',
    remediation: 'Remove it, and put the key into the secret storage of the host.',
  });
}

function issueOf(path: string, error: unknown): ValidationError {
  const message = isSessionchartError(error) ? error.message : UNREADABLE.message;
  return Object.freeze({
    path,
    message,
    code: 'INVALID_CONFIG',
    severity: 'error',
    remediation: 'Correct or remove it.',
  });
}
