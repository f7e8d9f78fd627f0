import { type AnyMachineSnapshot, type AnyStateMachine, type AnyStateNode, createActor } from 'xstate';

/** Something that can happen to a chart from outside. */
export type Stimulus =
  | { readonly kind: 'event'; readonly event: { readonly type: string } }
  | { readonly kind: 'answer'; readonly child: string; readonly output: unknown }
  | { readonly kind: 'refusal'; readonly child: string; readonly error: unknown }
  | { readonly kind: 'timer' }
  | { readonly kind: 'wait'; readonly ms: number };

/** A chart and its surroundings at one moment: what a host would know. */
export interface World {
  readonly snapshot: AnyMachineSnapshot;
  readonly now: number;
  /** Armed timers by id, with the event they deliver and when. */
  readonly timers: ReadonlyMap<string, { readonly event: { readonly type: string }; readonly dueAt: number }>;
}

const MARK = 'edge:';

/** A chart that needs more steps than this for one event goes round in circles; XState then throws. */
const MOST_STEPS = 100;

/** Where the clock of a world begins, ms. */
const START_MS = 1_000_000;

/** What one step of a chart brought about. */
export interface Step {
  readonly world: World;
  /** What the chart was told, with its time; none where time alone passed. */
  readonly event?: Stamped;
  /** The transitions that were taken, in order. */
  readonly edges: readonly string[];
  /** The actions that the chart ordered from its host, in order; XState's own and those on the context are not among them. */
  readonly orders: readonly Order[];
  /** The events that it emitted. */
  readonly emitted: readonly { readonly type: string }[];
  /** The actors that it stopped by an action, by id. */
  readonly stopped: readonly string[];
}

export interface Stamped {
  readonly type: string;
  readonly at: number;
}

export interface Order {
  readonly type: string;
  readonly params?: Readonly<Record<string, unknown>>;
}

/** Every transition of a machine, by a name that says where it stands. */
export function edgesOf(machine: AnyStateMachine): string[] {
  const names: string[] = [];
  walk(machine.root, (name, _transition) => names.push(name));
  return names;
}

interface Edge {
  actions: readonly unknown[];
}

function walk(node: AnyStateNode, visit: (name: string, transition: Edge) => void): void {
  for (const [event, transitions] of node.transitions) {
    for (const [i, transition] of transitions.entries()) {
      visit(`${node.id} — ${event} #${i + 1}`, transition as unknown as Edge);
    }
  }
  for (const [i, transition] of (node.always ?? []).entries()) {
    visit(`${node.id} — always #${i + 1}`, transition as unknown as Edge);
  }
  for (const child of Object.values(node.states)) walk(child, visit);
}

/**
 * Runs a chart as the pure function that it is, with time and surroundings held as data. Nothing is armed and no actor
 * runs: what the chart orders is written into the world, so any moment can be branched from.
 */
export class ChartLab {
  readonly #machine: AnyStateMachine;
  readonly #input: object;
  #effects: { type: string; params?: Record<string, unknown> }[] = [];
  readonly #scope: never;

  /** @param alter changes the copy of the chart that the lab works with. */
  constructor(machine: AnyStateMachine, input: object, alter: (copy: AnyStateMachine) => void = () => undefined) {
    // A copy of its own, in which every transition leaves a mark when it is taken.
    this.#machine = machine.provide({});
    alter(this.#machine);
    this.#machine.options = { ...this.#machine.options, maxIterations: MOST_STEPS };
    this.#input = { ...input, at: START_MS };
    walk(this.#machine.root, (name, transition) => {
      transition.actions = [...transition.actions, { type: MARK + name }];
    });
    const owner = createActor(this.#machine, { input: this.#input });
    this.#scope = {
      self: owner,
      system: owner.system,
      id: '',
      sessionId: '',
      logger() {},
      defer() {},
      stopChild() {},
      emit() {},
      actionExecutor: (action: { type: string; params?: Record<string, unknown> }) => this.#effects.push(action),
    } as never;
  }

  /** @param more changes the input: what came before, and `at`, the time. */
  begin(more: { readonly at?: number } = {}): Step {
    this.#effects = [];
    const at = more.at ?? START_MS;
    const snapshot = this.#machine.getInitialSnapshot(this.#scope, { ...this.#input, ...more }) as AnyMachineSnapshot;
    return this.#after(snapshot, { type: 'xstate.init', at }, new Map());
  }

  /** What `stimulus` makes of `world`; `undefined` where it cannot happen. */
  step(world: World, stimulus: Stimulus): Step | undefined {
    if (world.snapshot.status !== 'active') return undefined;
    const timers = new Map(world.timers);
    let now = world.now;
    let event: { readonly type: string } | undefined;
    switch (stimulus.kind) {
      case 'event':
        event = stimulus.event;
        break;
      case 'answer':
      case 'refusal': {
        if (world.snapshot.children[stimulus.child] === undefined) return undefined;
        const answer = stimulus.kind === 'answer';
        const actorId = stimulus.child;
        event = {
          type: `xstate.${answer ? 'done' : 'error'}.actor.${actorId}`,
          ...(answer ? { output: stimulus.output } : { error: stimulus.error }),
          actorId,
        } as never;
        break;
      }
      case 'timer': {
        const next = earliest(timers);
        if (next === undefined) return undefined;
        timers.delete(next.id);
        now = Math.max(now, next.dueAt);
        event = next.event;
        break;
      }
      case 'wait': {
        // Time passes, but no timer comes due: that is another stimulus.
        const next = earliest(timers);
        if (next !== undefined && next.dueAt <= now + stimulus.ms) return undefined;
        return { world: { ...world, now: now + stimulus.ms }, edges: [], orders: [], emitted: [], stopped: [] };
      }
    }
    this.#effects = [];
    const before = world.snapshot;
    const stamped = { ...event, at: now } as Stamped;
    const snapshot = this.#machine.transition(before as never, stamped as never, this.#scope);
    return this.#after(snapshot as AnyMachineSnapshot, stamped, timers);
  }

  #after(
    snapshot: AnyMachineSnapshot,
    event: Stamped,
    timers: Map<string, { event: { type: string }; dueAt: number }>,
  ): Step {
    const now = event.at;
    const edges: string[] = [];
    const orders: Order[] = [];
    const emitted: { type: string }[] = [];
    const stopped: string[] = [];
    for (const { type, params } of this.#effects) {
      if (type.startsWith(MARK)) edges.push(type.slice(MARK.length));
      else if (type === 'xstate.cancel') timers.delete(String(params?.sendId));
      else if (type === 'xstate.raise' && params?.delay !== undefined) {
        const delay = params.delay as number;
        if (Number.isFinite(delay)) {
          timers.set(String(params.id), { event: params.event as { type: string }, dueAt: now + Math.max(0, delay) });
        }
      } else if (type === 'xstate.emit') {
        emitted.push(params?.event as { type: string });
      } else if (type === 'xstate.stopChild') {
        if (params?.id !== undefined) stopped.push(String(params.id));
      } else if (!type.startsWith('xstate.')) orders.push(params === undefined ? { type } : { type, params });
    }
    if (snapshot.status !== 'active') timers.clear();
    return { world: { snapshot, now, timers }, event, edges, orders, emitted, stopped };
  }
}

function earliest(timers: World['timers']) {
  let first: { readonly id: string; readonly event: { readonly type: string }; readonly dueAt: number } | undefined;
  for (const [id, timer] of timers) if (first === undefined || timer.dueAt < first.dueAt) first = { id, ...timer };
  return first;
}
