import { defineConfig } from 'vitest/config'

/** Suites that kill processes, hammer disks or run thousands of random schedules. */
export default defineConfig({
  test: {
    include: ['packages/*/src/**/*.slow.ts'],
    passWithNoTests: true,
    testTimeout: 900_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
  },
})
