import { describe, expect, test } from 'vitest'
import { FilterCondition } from '../../vector-engine/filter-condition.js'
import { FilteredSearchConfig } from '../../vector-engine/filtered-search-config.js'
import { float, type Metadata } from '../../vector-engine/types.js'
import { type EngineFactory, expectRefusal, keysOf } from './engine-under-test.js'

const { eq, ne, lt, le, gt, ge, contains, startsWith, exists } = FilterCondition
const both = (left: FilterCondition, right: FilterCondition): FilterCondition => left.and(right)

/** Conditions on metadata, filtered searches, their strategies. */
export function filterCases({ name, create }: EngineFactory): void {
  async function shop() {
    const engine = await create()
    const items = [
      ['electronics', 100, true],
      ['clothing', 50, false],
      ['food', 25, true],
    ] as const
    for (const [i, [category, price, active]] of items.entries()) {
      await engine.storeEmbeddingWithMetadata(`item${i}`, [i + 1, 1, 1], { category, price, active })
    }
    return engine
  }

  async function holding(metadata: readonly Metadata[]) {
    const engine = await create()
    for (const [i, fields] of metadata.entries()) await engine.storeEmbeddingWithMetadata(`k${i}`, [1, i], fields)
    return engine
  }

  describe(`${name}: filters`, () => {
    test.each([
      ['eq', eq('category', 'electronics'), ['item0']],
      ['gt', gt('price', 30), ['item0', 'item1']],
      ['lt', lt('price', 60), ['item1', 'item2']],
      ['le', le('price', 50), ['item1', 'item2']],
      ['ge', ge('price', 50), ['item0', 'item1']],
      ['and', both(gt('price', 30), lt('price', 80)), ['item1']],
      ['or', eq('category', 'electronics').or(eq('category', 'clothing')), ['item0', 'item1']],
      ['in', FilterCondition.in('category', ['electronics', 'food']), ['item0', 'item2']],
      ['in, of none', FilterCondition.in('category', []), []],
      ['ne', ne('category', 'electronics'), ['item1', 'item2']],
      ['eq of a boolean', eq('active', true), ['item0', 'item2']],
      ['true', FilterCondition.true, ['item0', 'item1', 'item2']],
    ])('case 45: %s', async (_, filter, expected) => {
      const engine = await shop()
      expect(keysOf(await engine.searchSimilarFiltered([1, 1, 1], 10, filter)).toSorted()).toEqual(expected)
      expect(await engine.listKeysMatching(filter)).toEqual(expected)
      expect(await engine.countMatching(filter)).toBe(expected.length)
    })

    test('case 46: both strategies give the same', async () => {
      const engine = await shop()
      const filter = eq('category', 'electronics')
      const pre = await engine.searchSimilarFiltered([1, 1, 1], 10, filter, FilteredSearchConfig.preFilter())
      const post = await engine.searchSimilarFiltered([1, 1, 1], 10, filter, FilteredSearchConfig.postFilter())
      expect(pre).toEqual(post)
      expect(keysOf(pre)).toEqual(['item0'])
    })

    test('case 47: how many match', async () => {
      const engine = await shop()
      expect(await engine.countMatching(gt('price', 30))).toBe(2)
      expect(await engine.listKeysMatching(eq('category', 'electronics'))).toEqual(['item0'])
      expect(await engine.estimateFilterSelectivity(FilterCondition.true)).toBe(1)
      expect(await engine.estimateFilterSelectivity(eq('category', 'electronics'))).toBeCloseTo(1 / 3, 9)
      expect(await (await create()).estimateFilterSelectivity(FilterCondition.true)).toBe(0)
    })

    test('cases 48 and 49: Int and Float compare as numbers', async () => {
      const engine = await holding([{ n: 0.95 }, { n: 0.5 }, { n: 50.5 }, { n: 100 }, { n: 2n ** 60n }])
      expect(await engine.listKeysMatching(gt('n', 0.8))).toEqual(['k0', 'k2', 'k3', 'k4'])
      expect(await engine.listKeysMatching(gt('n', 50))).toEqual(['k2', 'k3', 'k4'])
      expect(await engine.listKeysMatching(gt('n', 50.5))).toEqual(['k3', 'k4'])
      expect(await engine.listKeysMatching(gt('n', float(100)))).toEqual(['k4'])
      expect(await engine.listKeysMatching(eq('n', float(100)))).toEqual(['k3'])
      expect(await engine.listKeysMatching(FilterCondition.in('n', [100n, 0.5]))).toEqual(['k1', 'k3'])
    })

    test('case 50: null is not missing', async () => {
      const engine = await holding([{ n: null }, {}, { n: 1 }])
      expect(await engine.listKeysMatching(eq('n', null))).toEqual(['k0'])
      expect(await engine.listKeysMatching(ne('n', null))).toEqual([])
      expect(await engine.listKeysMatching(exists('n'))).toEqual(['k0', 'k2'])
    })

    test('case 51: text compares by its bytes', async () => {
      const engine = await holding([{ s: 'apple' }, { s: 'banana' }, { s: '\u{1f600}' }, { s: '\uffee' }, { s: 'Zoo' }])
      expect(await engine.listKeysMatching(gt('s', 'app'))).toEqual(['k0', 'k1', 'k2', 'k3'])
      expect(await engine.listKeysMatching(le('s', 'apple'))).toEqual(['k0', 'k4'])
      expect(await engine.listKeysMatching(gt('s', '\uffee'))).toEqual(['k2'])
    })

    test('case 52: other types and missing fields do not match', async () => {
      const engine = await holding([{ n: 1, s: 'one', b: true, nan: NaN }])
      const none = [
        ...[eq('n', '1'), ne('n', '1'), lt('n', 'z'), gt('s', 0), contains('n', '1'), startsWith('n', '1'), eq('b', 1)],
        ...[eq('x', 1), ne('x', 1), lt('x', 1), contains('x', ''), exists('x'), exists('toString')],
        ...[eq('nan', NaN), ne('nan', NaN), ne('nan', 1), lt('nan', 1), contains('s', 'ONE')],
      ]
      for (const filter of none) expect(await engine.countMatching(filter), JSON.stringify(filter.tree)).toBe(0)
      for (const filter of [contains('s', 'n'), startsWith('s', 'on'), startsWith('s', ''), gt('b', false), ge('b', true)]) {
        expect(await engine.countMatching(filter), JSON.stringify(filter.tree)).toBe(1)
      }
    })

    test.each(['auto', 'preFilter', 'postFilter'] as const)(
      'case 53: finds all that match, be they few and far (%s)',
      async (strategy) => {
        const engine = await create()
        const item = (i: number) => ({ key: `k${String(i).padStart(3, '0')}`, vector: [1, i], metadata: { rare: i >= 995 } })
        await engine.batchStoreEmbeddings(Array.from({ length: 1000 }, (_, i) => item(i)))
        const hits = await engine.searchSimilarFiltered([1, 0], 10, eq('rare', true), { strategy })
        expect(keysOf(hits)).toEqual(['k995', 'k996', 'k997', 'k998', 'k999'])
        const near = await engine.searchSimilarFiltered([1, 0], 10, eq('rare', false), { strategy })
        expect(keysOf(near)).toEqual(Array.from({ length: 10 }, (_, i) => `k00${i}`))
      },
    )

    test('follow changes of metadata', async () => {
      const engine = await shop()
      await engine.updateMetadata('item2', { category: 'electronics' })
      await engine.removeMetadataField('item0', 'category')
      expect(keysOf(await engine.searchSimilarFiltered([1, 1, 1], 10, eq('category', 'electronics')))).toEqual(['item2'])
    })

    test('a filtered search makes the checks of a search', async () => {
      const engine = await shop()
      await expectRefusal(() => engine.searchSimilarFiltered([], 1, FilterCondition.true), 'EmptyVector')
      await expectRefusal(() => engine.searchSimilarFiltered([1], 0, FilterCondition.true), 'InvalidTopK')
      expect(await engine.searchSimilarFiltered([0, 0, 0], 5, exists('price'))).toEqual([])
      const options = { oversampleFactor: 0 }
      await expectRefusal(() => engine.searchSimilarFiltered([1], 1, FilterCondition.true, options), 'ConfigurationError')
    })
  })
}
