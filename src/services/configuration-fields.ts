import type { SessionConfig } from '../machines/session-config.ts';
import type { ConfigField } from './config-field.ts';
import { SESSION_CONFIG_FIELDS } from './session-config.ts';

/** Settings of sessions, and how many of them there may be. */
export type SessionSettings = SessionConfig & {
  /** Sessions that may be live at once. */
  readonly maxConcurrentSessions: number;
};

/** Settings of Azure OpenAI. No secret: keys belong into the secret storage of the host. */
export interface AzureOpenAISettings {
  /** `https://<resource>.openai.azure.com`; empty if none is set. */
  readonly endpoint: string;
  readonly deploymentName: string;
  readonly region: string;
  /** Empty: the GA contract, which takes no version. */
  readonly apiVersion: string;
}

/** Settings of OpenAI. */
export interface OpenAISettings {
  readonly endpoint: string;
  readonly model: string;
}

/** All settings by section. */
export interface ConfigurationSections {
  readonly session: SessionSettings;
  readonly azureOpenAI: AzureOpenAISettings;
  readonly openai: OpenAISettings;
}

export type SectionName = keyof ConfigurationSections;

const ENDPOINT =
  /^(https:\/\/[\w.-]{1,253}(:\d{1,5})?|http:\/\/(localhost|127\.0\.0\.1)(:\d{1,5})?)(\/[\w./-]{0,200})?$/;
const NAME = /^[\w.:-]{1,128}$/;
const NAME_TEXT = 'up to 128 letters, digits, and . _ : -';

const endpoint = { key: 'endpoint', kind: 'text', maxLength: 512, applies: 'new-sessions' } as const;
const name = { kind: 'text', maxLength: 128, pattern: NAME, patternText: NAME_TEXT, applies: 'new-sessions' } as const;

/**
 * Every setting with its range and default. Provider settings apply to new sessions only (SP-004 AC-007). Defaults of
 * the session limit: SP-005 CON-004; regions: those of the preview.
 */
export const CONFIGURATION_FIELDS: Readonly<Record<SectionName, readonly ConfigField[]>> = {
  session: [
    ...SESSION_CONFIG_FIELDS,
    {
      key: 'maxConcurrentSessions',
      kind: 'number',
      unit: 'sessions',
      min: 1,
      max: Number.MAX_SAFE_INTEGER,
      exclusiveMin: false,
      integer: true,
      default: 3,
      description: 'Sessions that may be live at once. Live ones stay when it is lowered.',
      applies: 'now',
    },
  ],
  azureOpenAI: [
    {
      ...endpoint,
      pattern: new RegExp(`^$|${ENDPOINT.source}`),
      patternText: 'an https URL without user, query and fragment; http for localhost only',
      default: '',
      description: 'Endpoint of the Azure OpenAI resource.',
    },
    { ...name, key: 'deploymentName', default: 'gpt-realtime', description: 'Name of the realtime deployment.' },
    {
      ...name,
      key: 'region',
      choices: ['eastus2', 'swedencentral'],
      default: 'eastus2',
      description: 'Region of the resource; the preview contract needs it.',
    },
    {
      ...name,
      key: 'apiVersion',
      pattern: /^$|^\d{4}-\d{2}-\d{2}(-preview)?$/,
      patternText: 'nothing, or a date like 2025-04-01-preview',
      default: '',
      description: 'Version of the preview contract; leave it empty for GA.',
    },
  ],
  openai: [
    {
      ...endpoint,
      pattern: ENDPOINT,
      patternText: 'an https URL without user, query and fragment; http for localhost only',
      default: 'https://api.openai.com/v1',
      description: 'Address of the OpenAI API.',
    },
    { ...name, key: 'model', default: 'gpt-realtime', description: 'Realtime model.' },
  ],
};

/** Who has to know when a setting of a section changes. */
export const AFFECTED_SERVICES: Readonly<Record<SectionName, readonly string[]>> = {
  session: ['SessionManager'],
  azureOpenAI: ['EphemeralKeyService'],
  openai: ['EphemeralKeyService'],
};

/** Names that a secret would have; such settings are refused, because settings are synchronised and logged. */
export const SECRET_SETTING = /key|secret|token|password|credential|authorization/i;
