import { it } from 'vitest'
import { expectOrderly } from '../testing/simulate.js'

/** Writers, runs of them, and steps of each. */
it.each([
  { writers: 2, runs: 1_500, steps: 1_500 },
  { writers: 5, runs: 1_000, steps: 2_500 },
  { writers: 1, runs: 1_000, steps: 1_500 },
])('no write is lost, doubled or wrongly acknowledged: $writers writers', ({ writers, runs, steps }) => {
  for (let seed = 1_000_000; seed < 1_000_000 + runs; seed++) expectOrderly(seed, { writers, steps })
})
