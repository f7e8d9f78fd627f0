import type { ChartKey, EdgeId, NodeId } from '../../src/integration/inspect/page-protocol.ts';

/** What a line begins with. */
export type Glyph = 'clock' | 'done' | 'error' | 'always' | 'invoke' | 'again';

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Area extends Point {
  readonly width: number;
  readonly height: number;
}

/** A text in a box: something that makes the state react or leave, or an actor that it invokes. */
export interface Chip extends Area {
  readonly glyphs: readonly Glyph[];
  readonly text: string;
  /** In brackets: `canRetry`. */
  readonly guard: string;
  /** Where it leads, if no arrow shows it: the key of a state around. */
  readonly to: string;
  /** The transitions that it stands for; none for an actor. */
  readonly edges: readonly EdgeId[];
  /** The delay whose remaining time has a place at the end of the chip. */
  readonly delay: string | null;
}

/** A state. */
export interface Box extends Area {
  readonly id: NodeId;
  readonly parent: NodeId | null;
  /** Empty for the outermost state if there is nothing to say of it. */
  readonly title: string;
  /** How far the title is from the left side. */
  readonly inset: number;
  /** Height of the part with title and chips; the states inside are below it. */
  readonly head: number;
  readonly chips: readonly Chip[];
}

/** Transitions with the same source and targets. Their chips are in the box of the source, where the arrow begins. */
export interface Arrow {
  readonly id: string;
  readonly source: NodeId;
  readonly targets: readonly NodeId[];
  readonly edges: readonly EdgeId[];
  /** None of them waits for an event. */
  readonly eventless: boolean;
  /** One line per target, from the side of the box to the target. */
  readonly paths: readonly (readonly Point[])[];
}

/** The dot above the state in which the one around it begins. */
export interface Start extends Point {
  readonly node: NodeId;
}

/** Where everything of a chart is, px. Boxes: parents before their children. */
export interface ChartLayout {
  readonly key: ChartKey;
  readonly width: number;
  readonly height: number;
  readonly boxes: readonly Box[];
  readonly arrows: readonly Arrow[];
  readonly starts: readonly Start[];
}
