import type { ChartDefinition, ChartNode, NodeId } from '../../src/integration/inspect/page-protocol.ts';
import { type Block, naturalWidth, setBlock, type Texts } from './block.ts';
import { entry } from './entry.ts';
import type { Picture } from './picture.ts';

/** A state as it is to be placed. */
export interface Cell {
  readonly node: ChartNode;
  readonly parent: Cell | null;
  readonly children: readonly Cell[];
  /** Place among all states, in the order of the chart. */
  readonly order: number;
  /** It is where the state around begins: a dot stands above it. */
  readonly isStart: boolean;
  /** It has a title, and no other text. */
  readonly isBare: boolean;
  /** It is drawn as a small circle. */
  readonly isHistory: boolean;
  /** What its texts need, px. */
  readonly textWidth: number;
  /** Its texts in a box of this width. */
  readonly block: (width: number, left?: number, right?: number) => Block;
}

/** Width and height of a history state, which has no texts. */
const HISTORY_SIZE = 26;

export function treeOf(definition: ChartDefinition, picture: Picture): Cell {
  const nodes = new Map(definition.nodes.map(node => [node.id, node]));
  const bundles = Map.groupBy(
    picture.bundles.map(({ source, triggers }, index) => ({ source, triggers, index })),
    ({ source }) => source,
  );
  const build = (node: ChartNode, parent: Cell | null): Cell => {
    const texts: Texts = {
      title: node.key,
      invokes: picture.invokes.get(node.id) ?? [],
      reactions: picture.reactions.get(node.id) ?? [],
      bundles: bundles.get(node.id) ?? [],
    };
    const isBare = texts.invokes.length + texts.reactions.length + texts.bundles.length === 0;
    const isHistory = node.type === 'history' && isBare;
    const children: Cell[] = [];
    const cell: Cell = {
      node,
      parent,
      children,
      order: definition.nodes.indexOf(node),
      isBare,
      isHistory,
      isStart: parent !== null && parent.node.initial === node.id,
      textWidth: isHistory ? HISTORY_SIZE : naturalWidth(texts),
      block: isHistory ? historyBlock : remembered(parent === null && isBare ? { ...texts, title: '' } : texts),
    };
    for (const child of definition.nodes) if (child.parent === node.id) children.push(build(child, cell));
    return cell;
  };
  return build(nodes.get(definition.root) as ChartNode, null);
}

export function cellsOf(root: Cell): Map<NodeId, Cell> {
  const cells = new Map<NodeId, Cell>();
  const walk = (cell: Cell): void => {
    cells.set(cell.node.id, cell);
    cell.children.forEach(walk);
  };
  walk(root);
  return cells;
}

const historyBlock = (width: number): Block => ({
  width,
  height: HISTORY_SIZE,
  left: 0,
  right: 0,
  title: 'H',
  aside: [],
  rows: [],
});

/** The search sets the same texts many times. */
function remembered(texts: Texts): Cell['block'] {
  const known = new Map<string, Block>();
  return (width, left, right) => entry(known, `${width} ${left} ${right}`, () => setBlock(texts, width, left, right));
}
