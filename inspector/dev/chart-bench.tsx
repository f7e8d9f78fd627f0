// A page to look at charts without a server: `vite inspector --config inspector/vite.config.ts`, then /dev/chart.html.
import '../src/theme.css';
import '../src/base.css';
import './chart-bench.css';
import { render } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import type { AnyStateMachine } from 'xstate';
import { createMachine } from 'xstate';
import { CHARTS } from '../../scripts/charts.ts';
import { chartDefinition } from '../../src/integration/inspect/chart-definition.ts';
import type { ActorTimer, ChartEdge, NodeId } from '../../src/integration/inspect/page-protocol.ts';
import { ChartView } from '../src/chart/chart-view.tsx';
import { useLayout } from '../src/chart/layouts.ts';

/** A chart that is not ours, with regions, history and a transition to several states. */
const PLAYER = createMachine({
  id: 'player',
  type: 'parallel',
  states: {
    track: {
      initial: 'stopped',
      on: { EJECT: '.ejected', 'playlist.*': { actions: 'load' } },
      states: {
        stopped: { on: { PLAY: 'playing' } },
        playing: {
          description: 'Sound can be heard.',
          tags: ['audible'],
          invoke: { id: 'stream', src: 'stream', onDone: 'stopped', onError: 'stopped' },
          on: { PAUSE: 'held', STOP: 'stopped', SEEK: { target: 'playing', reenter: true } },
          after: { 3000: { target: 'stopped', guard: 'isLastTrack' } },
        },
        held: { on: { PLAY: 'playing', STOP: 'stopped' } },
        ejected: { type: 'final' },
      },
    },
    volume: {
      initial: 'normal',
      states: {
        normal: { on: { MUTE: 'muted' } },
        muted: { on: { UNMUTE: 'last' } },
        last: { type: 'history' },
      },
    },
  },
  on: { RESET: ['.track.stopped', '.volume.normal'].map(target => ({ target }))[0] as { target: string } },
});

const MACHINES: readonly AnyStateMachine[] = [...CHARTS.map(({ machine }) => machine), PLAYER as AnyStateMachine];
const wanted = new URLSearchParams(location.search);

function Bench() {
  const [at, setAt] = useState(Number(wanted.get('chart') ?? 0));
  const [path, setPath] = useState(wanted.get('state') ?? '');
  const [taken, setTaken] = useState<{ readonly edges: readonly string[]; readonly seq: number }>({
    edges: [],
    seq: 0,
  });
  const [selected, setSelected] = useState<NodeId | null>(null);
  const definition = useMemo(() => chartDefinition(MACHINES[at] as AnyStateMachine), [at]);
  const layout = useLayout(definition);
  const id = path === '' ? definition.root : `${definition.root}.${path}`;
  const active = useMemo(() => around(definition.nodes, id), [definition, id]);
  const timers = useMemo((): ActorTimer[] => timersOf(definition.edges, active), [definition, active]);
  const take = (edge: ChartEdge): void => {
    setTaken({ edges: [edge.id], seq: taken.seq + 1 });
    const target = edge.targets[0];
    if (target !== undefined) setPath(leafOf(definition.nodes, target).slice(definition.root.length + 1));
  };
  const choose = (index: number): void => {
    setAt(index);
    setPath('');
  };
  return (
    <div class="bench">
      <div class="bench-bar">
        {MACHINES.map((machine, index) => (
          <button type="button" class="button" key={machine.id} onClick={() => choose(index)}>
            {machine.id}
          </button>
        ))}
        <select value={path} onChange={event => setPath(event.currentTarget.value)}>
          {definition.nodes.map(node => (
            <option key={node.id} value={node.id.slice(definition.root.length + 1)}>
              {node.id}
            </option>
          ))}
        </select>
        <select
          class="bench-take"
          onChange={event => take(definition.edges[Number(event.currentTarget.value)] as ChartEdge)}
        >
          {definition.edges.map((edge, index) => (
            <option key={edge.id} value={index}>
              {edge.id}
            </option>
          ))}
        </select>
        <span>{selected}</span>
      </div>
      <div class="bench-room">
        {layout !== undefined && (
          <ChartView
            key={definition.key}
            definition={definition}
            layout={layout}
            active={active}
            taken={[taken]}
            timers={timers}
            now={Date.now}
            selected={selected}
            onSelect={setSelected}
            fitEvent="inspector-fit"
          />
        )}
      </div>
    </div>
  );
}

const LEFT_MS = [8_200, 47_000, 754_000, 11_100_000, 200_000];

type Nodes = ReturnType<typeof chartDefinition>['nodes'];

function around(nodes: Nodes, id: NodeId): NodeId[] {
  const node = nodes.find(each => each.id === id);
  return node === undefined ? [] : [...(node.parent === null ? [] : around(nodes, node.parent)), id];
}

function leafOf(nodes: Nodes, id: NodeId): NodeId {
  const initial = nodes.find(node => node.id === id)?.initial;
  return initial === null || initial === undefined ? id : leafOf(nodes, initial);
}

function timersOf(edges: readonly ChartEdge[], active: readonly NodeId[]): ActorTimer[] {
  const names = new Map(
    edges
      .filter(({ kind, source }) => kind === 'delay' && active.includes(source))
      .map(edge => [edge.event ?? '', edge]),
  );
  return [...names].map(([id, { label, source }], at) => ({
    id,
    name: label,
    node: source,
    at: Date.now() + (LEFT_MS[at % LEFT_MS.length] ?? 0),
  }));
}

render(<Bench />, document.getElementById('app') as HTMLElement);
