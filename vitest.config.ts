import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/e2e/**', '**/node_modules/**'],
    // A hung test is a bug; a slow machine is not.
    testTimeout: 20_000,
    reporters: process.env.CI ? ['default', ['json', { outputFile: 'test-report.json' }]] : ['default'],
    coverage: {
      enabled: process.env.CI !== undefined,
      provider: 'v8',
      include: ['src/**'],
      reporter: ['text-summary'],
      // The charts, and what runs them, have no branch that no test takes.
      thresholds: { 'src/{machines,actors}/**': { 100: true } },
    },
  },
});
