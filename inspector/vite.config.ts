import { defineConfig } from 'vite';
import { layouts } from './layouts-plugin.ts';

export default defineConfig({
  root: import.meta.dirname,
  base: './',
  plugins: [layouts()],
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  worker: { format: 'es' },
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2022',
    // The policy of the page allows files of its own origin only: nothing is inlined.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
});
