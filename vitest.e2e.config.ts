import { defineConfig } from 'vitest/config';

/** Real parts: a browser, child processes. Slower than `npm test`, and they need what the machine may not have. */
export default defineConfig({
  test: {
    include: ['test/e2e/**/*.test.ts'],
    globalSetup: ['test/e2e/support/setup.ts'],
    fileParallelism: false,
    testTimeout: 90_000,
    hookTimeout: 90_000,
    reporters: process.env.CI ? ['default', ['json', { outputFile: 'e2e-report.json' }]] : ['default'],
  },
});
