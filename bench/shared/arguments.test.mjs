import { expect, test } from 'vitest'
import { benchNames, benchOptions } from './arguments.mjs'

test('the options of a run', () => {
  const options = benchOptions(['search', '--sets', 'hard', '--engines', 'quiver, usearch,quiver', '--quick', '--k', '1,10'])
  expect(options).toMatchObject({ name: 'search', sets: ['hard'], engines: ['quiver', 'usearch'], quick: true, rebuild: false })
  expect(options.ks).toEqual([1, 10])
  expect(options.out).toMatch(/search\.json$/)
})

test('one question of a bench writes a file of its own', () => {
  expect(benchOptions(['search', '--scale', '--max', '30000'])).toMatchObject({ scale: true, rowsMax: 30_000 })
  expect(benchOptions(['search', '--scale']).out).toMatch(/search-scale\.json$/)
})

test('the filter bench has engines, kinds and shares of its own', () => {
  const options = benchOptions(['filter', '--peers', 'sqlite-vec', '--kinds', 'adversarial', '--shares', '0.1,50'])
  expect(options).toMatchObject({ peers: ['sqlite-vec'], kinds: ['adversarial'], shares: [0.1, 50] })
  expect(benchOptions(['filter'])).toMatchObject({ kinds: undefined, shares: undefined })
})

test('all stands for every bench', () => {
  expect(benchOptions(['all', '--quick']).names).toEqual(benchNames)
})

test.each([
  [[], /npm run bench -- <name>/],
  [['speed'], /no bench "speed".*search, filter, open.*all/],
  [['search', 'open'], /One bench at a time/],
  [['search', '--sets', 'glove'], /no set "glove".*mnist, synthetic/],
  [['search', '--engines', 'quiver,faiss'], /no engine "faiss".*hnswlib-node/],
  [['search', '--peers', 'quiver'], /no peer "quiver".*hnswlib-node/],
  [['search', '--engines', ','], /No engine is named/],
  [['search', '--fast'], /Unknown option '--fast'/],
  [['search', '--data', './not-there'], /nothing at .*not-there/],
  [['search', '--k', '0'], /--k takes whole numbers from 1 to 100/],
  [['search', '--max', 'many'], /--max takes whole numbers/],
  [['search', '--engines', 'sqlite-vec'], /no engine "sqlite-vec"/],
  [['filter', '--engines', 'usearch'], /no engine "usearch".*quiver, zvec-int8/],
  [['filter', '--shares', '0.1,7'], /no share "7".*0.1, 1, 10/],
  [['search', '--kinds', 'correlated'], /--kinds belongs to filter, not to search/],
  [['open', '--scale'], /--scale belongs to search, not to open/],
])('%j is refused with what would be right', (parameters, message) => {
  expect(() => benchOptions(parameters)).toThrow(message)
})
