import type { Plugin } from 'vite';
import { CHARTS } from '../scripts/charts.ts';
import { chartDefinition } from '../src/integration/inspect/chart-definition.ts';
import { layoutOf } from './layout/layout-of.ts';

const NAME = 'virtual:layouts';
const RESOLVED = `\0${NAME}`;

/** Lays the charts of the library out when the page is built: the module `virtual:layouts` has them by their key. */
export function layouts(): Plugin {
  return {
    name: 'sessionchart-layouts',
    resolveId: id => (id === NAME ? RESOLVED : undefined),
    load(id) {
      if (id !== RESOLVED) return undefined;
      const all = CHARTS.map(({ machine }) => layoutOf(chartDefinition(machine)));
      return `export const layouts = ${JSON.stringify(Object.fromEntries(all.map(layout => [layout.key, layout])))};`;
    },
  };
}
