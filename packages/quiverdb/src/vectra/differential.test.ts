import { describe, expect, test } from 'vitest'
import { randomSource } from '@quiverdb/testing'
import * as vectra from 'vectra'
import { ItemSelector } from './index.js'
import { compareHistories } from '../testing/vectra/differential.js'
import { randomFilter, randomMetadata } from '../testing/vectra/random-filter.js'

/** How many histories are compared here; many more in the slow suite. */
const histories = 300
const filters = 20_000

describe('beside Vectra itself', () => {
  test('the same history gives the same answers and the same files', async () => {
    for (let seed = 1; seed <= histories; seed++) {
      await compareHistories(seed).catch((error: unknown) => {
        throw new Error(`history ${seed}`, { cause: error })
      })
    }
  })

  test('every filter means the same', () => {
    const random = randomSource(7)
    const seen = new Set<unknown>()
    for (let i = 0; i < filters; i++) {
      const filter = randomFilter(random)
      const metadata = randomMetadata(random)
      const select = (selector: typeof ItemSelector) => {
        try {
          return selector.select(metadata, filter)
        } catch (error) {
          return (error as Error).constructor.name
        }
      }
      const expected = select(vectra.ItemSelector)
      seen.add(expected)
      expect(select(ItemSelector), JSON.stringify({ metadata, filter })).toBe(expected)
    }
    expect(seen).toEqual(new Set([true, false, 'TypeError']))
  })
})
