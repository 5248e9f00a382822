import { it } from 'vitest'
import { expectOrderly } from '../testing/simulate.js'

it('no write is lost, doubled or wrongly acknowledged, whatever the store does to requests and a collector to the log', () => {
  for (let seed = 0; seed < 300; seed++) expectOrderly(seed, { writers: 3, steps: 1_500 })
})
