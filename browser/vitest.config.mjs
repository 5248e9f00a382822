import { defineConfig } from 'vitest/config'

/** One after the other: each bundles, and drives a browser that has threads of its own. */
export default defineConfig({
  test: { include: ['browser/*.test.mjs'], testTimeout: 90_000, hookTimeout: 90_000, fileParallelism: false },
})
