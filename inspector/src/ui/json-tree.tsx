import './json-tree.css';
import { useState } from 'preact/hooks';
import { clockTime } from '../model/format.ts';
import { Icon } from './icon.tsx';

/** Entries of an object that are shown at first, and how many more at a time. */
const SHOWN_ENTRIES = 50;
/** Characters of a text that are shown at first. */
const SHOWN_TEXT = 200;

/** Numbers between are most likely times, 2001 to 2286, ms. */
const EPOCH_FROM = 1e12;
const EPOCH_TO = 1e13;

interface JsonTreeProps {
  readonly value: unknown;
  readonly name?: string;
  /** Levels that are open at first. */
  readonly open?: number;
}

/** Any JSON as a tree that folds. Everything in it is text. */
export function JsonTree({ value, name, open = 1 }: JsonTreeProps) {
  const [isOpen, setOpen] = useState(open > 0);
  const key = name !== undefined && <span class="json-key">{name}</span>;
  if (typeof value !== 'object' || value === null || isEmpty(value)) {
    return (
      <div class="json json-line json-leaf">
        {key}
        <Scalar value={value} />
      </div>
    );
  }
  return (
    <div class="json">
      <div class="json-line">
        <button
          type="button"
          class="json-toggle"
          aria-expanded={isOpen}
          aria-label={name ?? 'value'}
          onClick={() => setOpen(!isOpen)}
        >
          <Icon name="chevron" size={10} />
        </button>
        {key}
        <span class="json-note">{summary(value)}</span>
      </div>
      {isOpen && <Entries value={value} open={open - 1} />}
    </div>
  );
}

function Entries({ value, open }: { readonly value: object; readonly open: number }) {
  const [shown, setShown] = useState(SHOWN_ENTRIES);
  const entries = Object.entries(value);
  return (
    <div class="json-nested">
      {entries.slice(0, shown).map(([key, each]) => (
        <JsonTree key={key} name={key} value={each} open={open} />
      ))}
      {entries.length > shown && (
        <button type="button" class="json-note" onClick={() => setShown(shown + SHOWN_ENTRIES)}>
          {entries.length - shown} more …
        </button>
      )}
    </div>
  );
}

function Scalar({ value }: { readonly value: unknown }) {
  const [whole, setWhole] = useState(false);
  if (typeof value === 'string') {
    const isLong = value.length > SHOWN_TEXT && !whole;
    return (
      <span class="json-string">
        {JSON.stringify(isLong ? value.slice(0, SHOWN_TEXT) : value)}
        {isLong && (
          <button type="button" class="json-note" onClick={() => setWhole(true)}>
            {' '}
            +{value.length - SHOWN_TEXT}
          </button>
        )}
      </span>
    );
  }
  if (typeof value === 'object' && value !== null) return <span class="json-note">{summary(value)}</span>;
  if (typeof value === 'number' && EPOCH_FROM < value && value < EPOCH_TO) {
    return (
      <span class="json-number">
        {value} <span class="json-note">{clockTime(value)}</span>
      </span>
    );
  }
  return <span class={`json-${value === null ? 'null' : typeof value}`}>{String(value)}</span>;
}

const isEmpty = (value: object): boolean => Object.keys(value).length === 0;

function summary(value: object): string {
  if (Array.isArray(value)) return value.length === 0 ? '[ ]' : `[ ${value.length} ]`;
  const keys = Object.keys(value);
  if (keys.length === 0) return '{ }';
  const named = keys.slice(0, 3).join(', ');
  return `{ ${named.slice(0, 40)}${keys.length > 3 || named.length > 40 ? ' …' : ''} }`;
}
