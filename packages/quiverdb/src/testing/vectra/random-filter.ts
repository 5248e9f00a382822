import type { MetadataFilter, MetadataTypes } from '../../vectra/index.js'

type Random = () => number

export const oneOf = <T>(random: Random, list: readonly T[]): T => list[Math.floor(random() * list.length)]!

const fields = ['a', 'b', 'c', 'toString', 'a.b', '$eq']
const texts = ['', 'x', 'xy', 'foobar', 'oo', '1', '12', 'true', 'null', 'x,y']
const numbers = [0, -0, 1, 2, 5, 12, 1.5, -3, 1e21, NaN, Infinity]
const operators = [
  '$eq',
  '$ne',
  '$gt',
  '$gte',
  '$lt',
  '$lte',
  '$in',
  '$nin',
  '$foo',
  '$exists',
  '$and',
  '$not',
  'inner',
  '$regex',
]

/** A value of metadata, mostly of the kinds that Vectra promises, sometimes of any. */
export function randomValue(random: Random): unknown {
  const kind = random()
  if (kind < 0.4) return oneOf(random, numbers)
  if (kind < 0.75) return oneOf(random, texts)
  if (kind < 0.88) return random() < 0.5
  return oneOf<unknown>(random, [null, undefined, [], ['x'], ['x', 'y'], [1, 2], {}, { inner: 1 }, 'abc'])
}

export function randomMetadata(random: Random): Record<string, MetadataTypes> {
  const metadata: Record<string, unknown> = {}
  for (const field of ['a', 'b', 'c', 'd']) {
    const value = random() < 0.6 ? randomValue(random) : undefined
    // Vectra reads a negative zero of protocol buffers as 0.
    if (value !== undefined || random() < 0.1) metadata[field] = value === 0 ? 0 : value
  }
  return metadata as Record<string, MetadataTypes>
}

function randomOperand(random: Random, operator: string): unknown {
  if (operator !== '$in' && operator !== '$nin') return randomValue(random)
  if (random() < 0.08) return randomValue(random)
  return Array.from({ length: Math.floor(4 * random()) }, () => randomValue(random))
}

/** A filter of any shape, good and bad. */
export function randomFilter(random: Random, depth = 2): MetadataFilter {
  const filter: Record<string, unknown> = {}
  const keys = oneOf(random, [0, 1, 1, 1, 2, 3])
  for (let i = 0; i < keys; i++) {
    if (depth && random() < 0.25) {
      const members = Array.from({ length: Math.floor(3 * random()) }, () => randomFilter(random, depth - 1))
      filter[oneOf(random, ['$and', '$or'])] = random() < 0.05 ? oneOf<unknown>(random, [null, 5, 'x', {}]) : members
      continue
    }
    const field = oneOf(random, fields)
    if (random() < 0.3) filter[field] = randomValue(random)
    else {
      const chosen = Array.from({ length: oneOf(random, [1, 1, 2]) }, () => oneOf(random, operators))
      filter[field] = Object.fromEntries(chosen.map((operator) => [operator, randomOperand(random, operator)]))
    }
  }
  return filter
}
