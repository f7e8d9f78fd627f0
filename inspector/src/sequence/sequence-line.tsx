import type { ActorRow } from '../../../src/integration/inspect/page-protocol.ts';
import { gapText } from '../../../src/integration/inspect/viewer/watched.ts';
import { eventName } from '../log/event-name.ts';
import { clockTime } from '../model/format.ts';
import { stateOfPath, toneOf } from '../model/state-tone.ts';
import type { SequenceRow } from './lanes.ts';

export const SEQUENCE_ROW_PX = 30;

/** Mean width of a character of the labels, px; to keep them inside. */
const CHARACTER_PX = 6.2;
const HEAD_PX = 6;

interface LineProps {
  readonly line: SequenceRow;
  readonly role: ActorRow['role'];
  readonly top: number;
  readonly width: number;
  /** Distance of the lanes. */
  readonly step: number;
  readonly isCurrent: boolean;
  readonly onShow: () => void;
}

/** One row of the diagram: an arrow, a change of state, or a gap. */
export function SequenceLine({ line, role, top, width, step, isCurrent, onShow }: LineProps) {
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the keys ← and → go through the same records
    <g class="sequence-row" data-current={isCurrent} transform={`translate(0 ${top})`} onClick={onShow}>
      <title>{clockTime(line.at)}</title>
      <rect class="hit" width={width} height={SEQUENCE_ROW_PX} />
      {line.kind === 'arrow' && <Arrow line={line} step={step} width={width} />}
      {line.kind === 'state' && <State path={line.path} role={role} x={(line.lane + 0.5) * step} width={width} />}
      {line.kind === 'gap' && (
        <text class="sequence-note" x={width / 2} y={19} text-anchor="middle">
          {gapText(line)}
        </text>
      )}
    </g>
  );
}

interface ArrowProps {
  readonly line: Extract<SequenceRow, { kind: 'arrow' }>;
  readonly step: number;
  readonly width: number;
}

function Arrow({ line, step, width }: ArrowProps) {
  const name = eventName(line.event);
  const label = line.detail === '' || name.startsWith(line.detail) ? name : `${name} · ${line.detail}`;
  const from = (line.from + 0.5) * step;
  const to = (line.to + 0.5) * step;
  const y = 22;
  if (line.from === line.to) {
    return (
      <>
        <path class="arrow" d={`M${from} 8 h16 v14 h-${16 - HEAD_PX}`} />
        <path class="arrow-head" d={headAt(from, y, -1)} />
        <Label text={label} x={from + 24} width={width} anchor="start" />
      </>
    );
  }
  const way = Math.sign(to - from);
  return (
    <>
      <path class="arrow" d={`M${from} ${y} H${to - way * HEAD_PX}`} />
      <path class="arrow-head" d={headAt(to, y, way)} />
      <Label text={label} x={(from + to) / 2} width={width} anchor="middle" />
    </>
  );
}

const headAt = (x: number, y: number, way: number): string => `M${x} ${y} l${-way * HEAD_PX} -3.5 v7 Z`;

interface LabelProps {
  readonly text: string;
  readonly x: number;
  readonly width: number;
  readonly anchor: 'start' | 'middle';
}

/** A label above its arrow, moved and cut so that it stays inside. */
function Label({ text, x, width, anchor }: LabelProps) {
  const fits = Math.max(4, Math.floor((width - 8) / CHARACTER_PX));
  const shown = text.length > fits ? `${text.slice(0, fits - 1)}…` : text;
  const length = shown.length * CHARACTER_PX;
  const half = anchor === 'middle' ? length / 2 : 0;
  const left = Math.max(4, Math.min(x - half, width - 4 - length));
  return (
    <text class="sequence-label" x={left + half} y={15} text-anchor={anchor}>
      {shown}
    </text>
  );
}

interface StateProps {
  readonly path: string;
  readonly role: ActorRow['role'];
  readonly x: number;
  readonly width: number;
}

function State({ path, role, x, width }: StateProps) {
  const length = Math.min(width - 8, path.length * CHARACTER_PX + 20);
  const left = Math.max(4, Math.min(x - length / 2, width - 4 - length));
  return (
    <g class={`sequence-state tone-${toneOf(stateOfPath(path, role))}`}>
      <rect class="state" x={left} y={5} width={length} height={20} rx={10} />
      <text x={left + length / 2} y={19} text-anchor="middle">
        {path}
      </text>
    </g>
  );
}
