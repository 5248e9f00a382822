import { defineConfig } from 'vitest/config'
import { sources } from './vitest.sources.js'

export default defineConfig({
  resolve: { alias: sources },
  test: {
    include: ['packages/*/src/**/*.test.ts', 'bench/*/*.test.mjs'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Two cores are the smallest machine the suite is meant for.
    maxWorkers: 2,
  },
})
