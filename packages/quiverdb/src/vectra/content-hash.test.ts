import { expect, it } from 'vitest'
import { computeContentHash } from './content-hash.js'

it('is that of Vectra', () => {
  expect(computeContentHash('short text')).toBe('ed582724ddc599e07d5933fc7f9bd6f57966a98710aaba3178c33e0ed4e6766e')
})

it('does not depend on the order of metadata', () => {
  expect(computeContentHash('a', 'md', { x: 1, 10: 'b', 9: true })).toBe(
    computeContentHash('a', 'md', { 9: true, 10: 'b', x: 1 }),
  )
})
