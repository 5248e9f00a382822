import { defineConfig } from 'vitest/config'
import { sources } from './vitest.sources.js'

/** Suites that kill processes, hammer disks or run thousands of random schedules. */
export default defineConfig({
  resolve: { alias: sources },
  test: {
    include: ['packages/*/src/**/*.slow.ts'],
    passWithNoTests: true,
    testTimeout: 900_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
  },
})
