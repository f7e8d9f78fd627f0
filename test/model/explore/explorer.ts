import type { Stimulus } from '../chart-lab.ts';
import { CREW_RULES, type CrewRule, type CrewView } from './crew-rules.ts';
import type { Crew, HostModel, Outcome } from './host-model.ts';
import type { Violation } from './member.ts';

export interface ExploreOptions {
  readonly model: HostModel;
  readonly sessions: number;
  /** What can happen to a session, by name. */
  readonly happenings: readonly string[];
  /** What can happen to the coordinator. */
  readonly commands: ReadonlyMap<string, Stimulus>;
  readonly invariants: readonly string[];
  /** States looked at, at most. */
  readonly maxStates: number;
  readonly maxDepth: number;
}

/** One step of a trace: what happened, and to which session; without one to the coordinator. */
export interface TraceStep {
  readonly session: number | undefined;
  readonly happening: string;
}

export interface Found extends Violation {
  /** A shortest way to it. */
  readonly trace: readonly TraceStep[];
}

export interface Explored {
  readonly states: number;
  readonly transitions: number;
  readonly depth: number;
  /** Every state within the bounds of the scene was seen. */
  readonly complete: boolean;
  readonly violation: Found | undefined;
}

/** A growing list of whole numbers. */
class Numbers {
  #kept: Int32Array = new Int32Array(1 << 16);
  length = 0;

  push(value: number): void {
    if (this.length === this.#kept.length) {
      const larger = new Int32Array(this.#kept.length * 2);
      larger.set(this.#kept);
      this.#kept = larger;
    }
    this.#kept[this.length++] = value;
  }

  at(index: number): number {
    return this.#kept[index] as number;
  }
}

/**
 * Looks at every state that coordinator and sessions can come to, breadth first, so that the first violation found is one
 * of the nearest. Sessions are alike: of states that differ only in which session is in which state, one is looked at.
 */
export class Explorer {
  readonly #options: ExploreOptions;
  readonly #rules: readonly (readonly [string, CrewRule])[];
  readonly #seen = new Map<string, number>();
  readonly #crews: Crew[] = [];
  readonly #parents = new Numbers();
  /** How each state was reached: index of the session times the number of names, plus the name. */
  readonly #ways = new Numbers();
  readonly #names: readonly string[];
  readonly #judges: ReadonlySet<string>;

  constructor(options: ExploreOptions) {
    this.#options = options;
    this.#rules = Object.entries(CREW_RULES).filter(([name]) => options.invariants.includes(name));
    this.#judges = new Set(options.invariants);
    this.#names = [...options.happenings, ...options.commands.keys()];
  }

  run(): Explored {
    const { model, sessions, maxStates, maxDepth } = this.#options;
    this.#add(sorted(model.begin(sessions)), -1, 0);
    let transitions = 0;
    let depth = 0;
    let levelEnd = 1;
    for (let state = 0; state < this.#crews.length; state++) {
      if (state === levelEnd) {
        depth += 1;
        levelEnd = this.#crews.length;
      }
      if (depth >= maxDepth) return this.#result(transitions, depth, false);
      const crew = this.#crews[state] as Crew;
      const before = this.#view(crew);
      for (const { way, outcomes } of this.#steps(crew)) {
        for (const { crew: next, violations } of outcomes) {
          transitions += 1;
          const fault =
            violations.find(({ invariant }) => this.#judges.has(invariant)) ??
            this.#fault(this.#view(next), before, way);
          if (fault !== undefined) {
            return {
              ...this.#result(transitions, depth + 1, false),
              violation: { ...fault, trace: this.#trace(state, way) },
            };
          }
          this.#add(sorted(next), state, way);
        }
      }
      if (this.#crews.length > maxStates) return this.#result(transitions, depth, false);
    }
    return this.#result(transitions, depth, true);
  }

  #result(transitions: number, depth: number, complete: boolean): Explored {
    return { states: this.#crews.length, transitions, depth, complete, violation: undefined };
  }

  *#steps(crew: Crew): Generator<{ way: number; outcomes: readonly Outcome[] }> {
    const { model, happenings, commands } = this.#options;
    for (const [index, id] of crew.members.entries()) {
      if (index > 0 && crew.members[index - 1] === id) continue; // the same befalls its equal
      for (const [name, happening] of happenings.entries()) {
        yield { way: this.#way(index, name), outcomes: model.happen(crew, index, happening) };
      }
    }
    let name = happenings.length;
    for (const [command, stimulus] of commands) {
      yield { way: this.#way(crew.members.length, name), outcomes: model.command(crew, command, stimulus) };
      name += 1;
    }
  }

  #way(index: number, name: number): number {
    return index * this.#names.length + name;
  }

  #view({ coordinator, members }: Crew): CrewView {
    const { model } = this.#options;
    return { coordinator: model.world(coordinator), members: members.map(id => model.member(id)) };
  }

  #fault(view: CrewView, before: CrewView, way: number): Violation | undefined {
    const cause = this.#names[way % this.#names.length] as string;
    for (const [invariant, rule] of this.#rules) {
      const what = rule(view, before, cause);
      if (what !== undefined) return { invariant, what };
    }
    return undefined;
  }

  #add(crew: Crew, parent: number, way: number): void {
    const key = `${crew.coordinator},${crew.members.join(',')}`;
    if (this.#seen.has(key)) return;
    this.#seen.set(key, this.#crews.push(crew) - 1);
    this.#parents.push(parent);
    this.#ways.push(way);
  }

  /** The steps from the beginning, with each session under the name that it had there. */
  #trace(last: number, way: number): TraceStep[] {
    const ways = [way];
    const states: number[] = [];
    for (let state = last; state >= 0; state = this.#parents.at(state)) {
      states.unshift(state);
      if (this.#parents.at(state) >= 0) ways.unshift(this.#ways.at(state));
    }
    let names = Array.from({ length: this.#options.sessions }, (_, i) => i + 1);
    const trace: TraceStep[] = [];
    for (const [i, taken] of ways.entries()) {
      const index = Math.floor(taken / this.#names.length);
      const happening = this.#names[taken % this.#names.length] as string;
      trace.push({ session: names[index], happening });
      const target = states[i + 1];
      if (target !== undefined)
        names = this.#renamed(
          this.#crews[states[i] as number] as Crew,
          index,
          happening,
          this.#crews[target] as Crew,
          names,
        );
    }
    return trace;
  }

  #renamed(from: Crew, index: number, happening: string, to: Crew, names: readonly number[]): number[] {
    const { model, commands } = this.#options;
    const stimulus = commands.get(happening);
    const outcomes =
      stimulus === undefined ? model.happen(from, index, happening) : model.command(from, happening, stimulus);
    const wanted = `${to.coordinator},${to.members.join(',')}`;
    const taken = outcomes.find(({ crew }) => keyOfCrew(sorted(crew)) === wanted) ?? (outcomes[0] as Outcome);
    return order(taken.crew.members).map(place => names[place] as number);
  }
}

const keyOfCrew = ({ coordinator, members }: Crew): string => `${coordinator},${members.join(',')}`;

const order = (members: readonly number[]): number[] =>
  members.map((_, place) => place).sort((a, b) => (members[a] as number) - (members[b] as number) || a - b);

const sorted = ({ coordinator, members }: Crew): Crew => ({
  coordinator,
  members: [...members].sort((a, b) => a - b),
});
