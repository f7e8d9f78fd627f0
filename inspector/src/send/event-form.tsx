import { useState } from 'preact/hooks';
import {
  drafted,
  draftedJson,
  type SendEvent,
  type SendField,
} from '../../../src/integration/inspect/viewer/send-fields.ts';

interface EventFormProps {
  readonly type: string;
  /** `null`: the payload is written as JSON. */
  readonly fields: readonly SendField[] | null;
  readonly disabled: boolean;
  readonly onSend: (event: SendEvent) => void;
}

/** The form for an event that has a payload. What is written is looked at before it is sent. */
export function EventForm({ type, fields, disabled, onSend }: EventFormProps) {
  const [values, setValues] = useState<Readonly<Record<string, string>>>(() => firstChoices(fields ?? []));
  const [json, setJson] = useState('');
  const [problem, setProblem] = useState('');
  const submit = (event: Event): void => {
    event.preventDefault();
    const draft = fields === null ? draftedJson(type, json) : drafted(type, fields, values);
    if ('problem' in draft) setProblem(draft.problem);
    else {
      setProblem('');
      onSend(draft.event);
    }
  };
  return (
    <form class="send-form" onSubmit={submit} onInput={() => setProblem('')}>
      <span class="send-form-title">{type}</span>
      {fields === null ? (
        <textarea
          class="field send-json"
          aria-label={`Payload of ${type}, as JSON`}
          placeholder={'{ "field": "value" }'}
          spellcheck={false}
          value={json}
          onInput={event => setJson(event.currentTarget.value)}
        />
      ) : (
        fields.map(field => (
          <label class="send-field" key={field.name} for={`send-${field.name}`}>
            <span>
              {field.label} {field.kind === 'number' && field.unit !== '' && <small>{field.unit}</small>}
            </span>
            <Input
              field={field}
              value={values[field.name] ?? ''}
              onValue={value => setValues({ ...values, [field.name]: value })}
            />
          </label>
        ))
      )}
      {problem !== '' && (
        <p class="send-problem" role="alert">
          {problem}
        </p>
      )}
      <button type="submit" class="button primary" disabled={disabled}>
        Send {type}
      </button>
    </form>
  );
}

interface InputProps {
  readonly field: SendField;
  readonly value: string;
  readonly onValue: (value: string) => void;
}

function Input({ field, value, onValue }: InputProps) {
  const id = `send-${field.name}`;
  if (field.kind === 'number') {
    return (
      <input
        id={id}
        class="field"
        inputMode="decimal"
        placeholder="as it is"
        value={value}
        onInput={event => onValue(event.currentTarget.value)}
      />
    );
  }
  return (
    <select id={id} class="field" value={value} onChange={event => onValue(event.currentTarget.value)}>
      {field.kind === 'switch' ? (
        <>
          <option value="">as it is</option>
          <option value="true">on</option>
          <option value="false">off</option>
        </>
      ) : (
        field.choices.map(choice => (
          <option key={choice} value={choice}>
            {choice}
          </option>
        ))
      )}
    </select>
  );
}

const firstChoices = (fields: readonly SendField[]): Readonly<Record<string, string>> =>
  Object.fromEntries(fields.flatMap(field => (field.kind === 'choice' ? [[field.name, field.choices[0] ?? '']] : [])));
