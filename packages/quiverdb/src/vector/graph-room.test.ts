import { describe, expect, test } from 'vitest'
import { type GraphMode, sectionBytes, sectionsOf } from './graph-image.js'
import { graphNodesMax } from './graph-room.js'

const gibibyte = 1024 ** 3
const upperBytesOf = (nodes: number): number => 5 * nodes

/** Bytes of the sections of a graph of a mode. */
function sections(dimensions: number, m0: number, codes: 'int8' | 'float32', mode: GraphMode, nodes: number): number[] {
  const bytes = sectionBytes({ dimensions, m0, codes, nodes, upperBytes: upperBytesOf(nodes) })
  return sectionsOf(mode).map((name) => bytes[name])
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, next) => total + next, 0)

describe.each(['speed', 'balanced', 'memory'] as const)('the most nodes of a graph for %s', (mode) => {
  test.each([1, 8, 64, 128, 768, 1536, 4096, 16_384])(
    'fit sections and memories, and little more does: %i dimensions',
    (dimensions) => {
      for (const m0 of [16, 32, 64, 256]) {
        for (const codes of mode === 'memory' ? (['int8', 'float32'] as const) : (['int8'] as const)) {
          const nodes = graphNodesMax({ dimensions, m0, codes }, mode)
          const own = (count: number) => sections(dimensions, m0, codes, mode, count)
          // Blocks are made of a copy that has rows and links alone.
          const copy = (count: number) => (mode === 'speed' ? sections(dimensions, m0, codes, 'memory', count) : [0])
          expect(Math.max(...own(nodes))).toBeLessThan(2 * gibibyte - 1)
          expect(sum(own(nodes)) + sum(copy(nodes))).toBeLessThan(4 * gibibyte)
          const more = Math.ceil(nodes * 1.35)
          const fitsStill = Math.max(...own(more)) < 2 * gibibyte && sum(own(more)) + sum(copy(more)) < 4 * gibibyte
          expect(fitsStill).toBe(false)
        }
      }
    },
  )
})

test('a graph is one object', () => {
  const parameters = { dimensions: 768, m0: 32, codes: 'int8' as const }
  const nodes = graphNodesMax(parameters, 'memory', gibibyte)
  expect(nodes).toBeGreaterThan(1_000_000)
  expect(sum(sections(768, 32, 'int8', 'memory', nodes)) + 8 * nodes).toBeLessThan(gibibyte)
})
