import { expect, test } from 'vitest'
import { compareHistories } from '../testing/vectra/differential.js'

const firstSeed = 10_000
const histories = 5000

test('five thousand histories give the same answers and the same files as with Vectra', async () => {
  expect.hasAssertions()
  for (let seed = firstSeed; seed < firstSeed + histories; seed++) {
    await compareHistories(seed).catch((error: unknown) => {
      throw new Error(`history ${seed}`, { cause: error })
    })
  }
})
