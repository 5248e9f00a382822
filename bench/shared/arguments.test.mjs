import { expect, test } from 'vitest'
import { benchOptions } from './arguments.mjs'

test('the options of a run', () => {
  const options = benchOptions(['search', '--set', 'text', '--engines', 'quiver, usearch,quiver', '--quick'])
  expect(options).toMatchObject({ name: 'search', sets: ['text'], engines: ['quiver', 'usearch'], quick: true, rebuild: false })
  expect(options.out).toMatch(/search\.json$/)
})

test.each([
  [[], /npm run bench -- <name>/],
  [['speed'], /no bench "speed".*search, ingest, open/],
  [['search', 'open'], /One bench at a time/],
  [['search', '--set', 'glove'], /no set "glove".*mnist, text/],
  [['search', '--engines', 'quiver,faiss'], /no engine "faiss".*hnswlib-node/],
  [['search', '--engines', ','], /No engine is named/],
  [['search', '--fast'], /Unknown option '--fast'/],
  [['search', '--data', './not-there'], /no folder .*not-there/],
])('%j is refused with what would be right', (parameters, message) => {
  expect(() => benchOptions(parameters)).toThrow(message)
})
