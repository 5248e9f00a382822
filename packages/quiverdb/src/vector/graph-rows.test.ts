import { walkLayout } from '@quiverdb/kernel'
import { codedReference, normal, randomSource, rotatedReference } from '@quiverdb/testing'
import { afterAll, describe, expect, test } from 'vitest'
import { rerankLayout } from './block-layout.js'
import { stagingFor } from './encode.js'
import { graphParameters } from './graph-image.js'
import { GraphMemory } from './graph-memory.js'
import { MemoryPool } from './memory-pool.js'
import { type Metric, metrics, queryTransform } from './metric.js'
import { encodeNodes } from './graph-encoding.js'
import { placeWalk } from './walk-room.js'

const { index: walkField } = walkLayout
const dimensionsUpTo130 = Array.from({ length: 130 }, (_, i) => i + 1)
const dimensionsOf = (kind: string): number[] => [
  ...dimensionsUpTo130,
  768,
  ...(largeKinds.has(kind) ? [1536, 4096, 16_384] : []),
]
const largeKinds = new Set(['random', 'of norm 1e18', 'with one large number'])
/** Squares below this lose their relative precision. */
const tiny = 1e-30
/** Lengths below this lose theirs, because their squares do. */
const root = 1e-21
/** Of sums in float32, relative to what enters them. */
const rounding = 4e-6
/** Of a rotation in float32, relative to the norm. */
const rotationRounding = 2e-6
const bias = 64
const vectorsCount = 3

type Draw = (random: () => number, i: number, dimensions: number) => number
const kinds: Readonly<Record<string, Draw>> = {
  random: (random) => normal(random),
  denormal: (random) => 1e-41 * normal(random),
  'of norm 1e15': (random, _, dimensions) => (1e15 / Math.sqrt(dimensions)) * normal(random),
  'of norm 1e18': (random, _, dimensions) => (9.9e17 / Math.sqrt(dimensions)) * (random() < 0.5 ? -1 : 1),
  tiny: (random) => 1e-20 * normal(random),
  'with one large number': (random, i, dimensions) => (i === dimensions >> 1 ? 1000 : 0.1 * normal(random)),
  'far from zero': (random, i) => 100 * Math.sin(i) + 0.001 * normal(random),
  zero: () => 0,
}

const norm = (numbers: ArrayLike<number>): number => distance(numbers, new Float64Array(numbers.length))

function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) ** 2
  return Math.sqrt(sum)
}

/** A vector in graph space by definition, less the centre; the last number is the one that is not coded. */
function inGraphSpace(
  metric: Metric,
  vector: Float32Array,
  centre: Float32Array,
  phi: number,
): { t: Float64Array; extra: number } {
  const length = norm(vector)
  const t = new Float64Array(16 * Math.ceil(vector.length / 16))
  vector.forEach((x, i) => (t[i] = (metric === 'cosine' && length > 0 ? x / length : x) - centre[i]!))
  if (metric === 'cosine') return { t, extra: length > 0 ? 0 : 1 }
  return { t, extra: metric === 'dot' ? Math.sqrt(Math.max(0, phi * phi - length * length)) : 0 }
}

interface Row {
  readonly codes: Int32Array
  readonly decoded: Float64Array
  readonly scale: number
  readonly norm2: number
  readonly extra: number
  readonly residual: number
  readonly sum: number
}

describe('rows of graphs', async () => {
  const pool = await MemoryPool.create()
  afterAll(() => pool.close())

  function sample(kind: string, dimensions: number, metric: Metric) {
    const random = randomSource(dimensions)
    const draw = (): Float32Array => Float32Array.from({ length: dimensions }, (_, i) => kinds[kind]!(random, i, dimensions))
    const vectors = Array.from({ length: vectorsCount }, draw)
    const lengths = vectors.map(norm)
    const phi = metric === 'dot' ? Math.max(...lengths) * 1.01 : 0
    const centre = new Float32Array(dimensions)
    vectors.forEach((vector, row) =>
      vector.forEach((x, i) => (centre[i]! += (0.3 * x) / (metric === 'cosine' ? lengths[row]! || 1 : 1))),
    )
    return { vectors, centre, phi, query: draw() }
  }

  /** Rows in memory that is given back after `use`. */
  function inMemory(
    kind: string,
    dimensions: number,
    metric: Metric,
    use: (memory: GraphMemory, given: ReturnType<typeof sample>) => void,
  ) {
    const given = sample(kind, dimensions, metric)
    const { vectors, centre, phi } = given
    const memory = new GraphMemory(pool, graphParameters({ dimensions, metric }), 'balanced', phi, vectorsCount, 4096)
    memory.recalibrate({ centre, phi })
    memory.clear()
    for (const [i, vector] of vectors.entries()) encodeNodes(memory, vector, i)
    memory.nodes = vectorsCount
    use(memory, given)
    memory.free()
  }

  function rowAt({ arena }: GraphMemory, at: number, codeBytes: number): Row {
    const [scale, norm2, extra, residual] = arena.f32.slice((at + codeBytes) / 4, (at + codeBytes) / 4 + 4) as unknown as number[]
    const codes = Int32Array.from(arena.u8.subarray(at, at + codeBytes), (code) => code - bias)
    const decoded = Float64Array.from(codes, (code) => code * scale!)
    return {
      codes,
      decoded,
      scale: scale!,
      norm2: norm2!,
      extra: extra!,
      residual: residual!,
      sum: arena.i32[(at + codeBytes) / 4 + 4]!,
    }
  }

  const graphRow = (memory: GraphMemory, node: number): Row =>
    rowAt(memory, memory.rows.pointer + node * memory.rows.stride, memory.layout.codeBytes)

  /** Codes within a step of the reference, and numbers that are true of them. `missing`: how much of the vector they miss, as said. */
  function expectSound(row: Row, t: Float64Array, extra: number, missing: number) {
    const turned = rotatedReference(t)
    const expected = codedReference(turned, 63)
    const size = norm(t)
    expect(Math.abs(row.scale - expected.scale)).toBeLessThanOrEqual(rotationRounding * size + tiny)
    const steps = row.codes.reduce((most, code, i) => Math.max(most, Math.abs(code - expected.codes[i]!)), 0)
    if (size > tiny) expect(steps).toBeLessThanOrEqual(1)
    expect(row.codes.every((code) => Math.abs(code) <= 63)).toBe(true)
    expect(row.sum).toBe(row.codes.reduce((sum, code) => sum + code, 0))
    const decoded2 = norm(row.decoded) ** 2
    const norm2 = decoded2 + row.residual ** 2 + extra ** 2
    expect(Math.abs(row.norm2 - norm2)).toBeLessThanOrEqual(rounding * norm2 + tiny)
    expect(Math.abs(row.extra - extra)).toBeLessThanOrEqual(rounding * extra + tiny)
    expect(distance(turned, row.decoded)).toBeLessThanOrEqual(missing * (1 + rounding) + tiny)
    expect(row.residual).toBeLessThanOrEqual(
      (0.5 * row.scale + rotationRounding * size) * Math.sqrt(t.length) * (1 + 1e-4) + tiny,
    )
  }

  function expectRows(kind: string, dimensions: number, metric: Metric) {
    inMemory(kind, dimensions, metric, (memory, { vectors, centre, phi }) => {
      vectors.forEach((vector, node) => {
        const { t, extra } = inGraphSpace(metric, vector, centre, phi)
        const row = graphRow(memory, node)
        expectSound(row, t, extra, row.residual)
      })
    })
  }

  /** The query's row, made in float32, and its rotated numbers. */
  function placeQuery(memory: GraphMemory, query: Float32Array, ef = 1) {
    const { arena, parameters } = memory
    const { dimensions, metric } = parameters
    const walk = placeWalk(memory, ef, false)
    const source = pool.scratch(arena, 'source', 4 * dimensions)
    const target = pool.scratch(arena, 'query', memory.layout.stride)
    const staging = stagingFor(pool, arena, dimensions)
    arena.f32.set(query, source / 4)
    arena.u32[walk / 4 + walkField.query] = target
    arena.kernel.searchQuery(memory.pointer, walk, source, queryTransform(metric), memory.section('centre').pointer, staging)
    const numbers = arena.u32[walk / 4 + walkField.numbers]! / 4
    return {
      walk,
      target,
      row: rowAt(memory, target, memory.layout.codeBytes),
      numbers: arena.f32.slice(numbers, numbers + memory.layout.codeBytes),
    }
  }

  function expectQuery(kind: string, dimensions: number, metric: Metric) {
    inMemory(kind, dimensions, metric, (memory, { query, centre }) => {
      const { t } = inGraphSpace(metric, query, centre, 0)
      const { row, numbers } = placeQuery(memory, query)
      const size = norm(t) + norm(centre)
      expect(distance(numbers, rotatedReference(t))).toBeLessThanOrEqual(rotationRounding * size + tiny)
      const zero = metric === 'cosine' && norm(query) === 0
      expectSound(row, t, zero ? 1 : 0, row.residual + rotationRounding * size + root)
    })
  }

  /** Distances of rows by their codes, and by the numbers behind them. */
  function expectDistances(kind: string, dimensions: number, metric: Metric) {
    inMemory(kind, dimensions, metric, (memory, { vectors, centre, phi }) => {
      const spaces = vectors.map((vector) => inGraphSpace(metric, vector, centre, phi))
      const rows = vectors.map((_, node) => graphRow(memory, node))
      const matrix = vectors.map((_, node) => distancesFrom(memory, node))
      matrix.forEach((distances, a) => {
        distances.forEach((found, b) => {
          expect(found).toBe(matrix[b]![a])
          expect(found).toBe(oneDistance(memory, a, b))
          const [x, y] = [rows[a]!, rows[b]!]
          const sizes = x.norm2 + y.norm2
          const coded = distance(x.decoded, y.decoded) ** 2 + (x.extra - y.extra) ** 2
          expect(Math.abs(found - coded - x.residual ** 2 - y.residual ** 2)).toBeLessThanOrEqual(rounding * sizes + tiny)
          const [p, q] = [spaces[a]!, spaces[b]!]
          const truth = Math.hypot(distance(p.t, q.t), p.extra - q.extra)
          const slack = (x.residual + y.residual) * (1 + rounding) + rounding * Math.sqrt(sizes) + tiny
          expect(Math.abs(truth - Math.sqrt(coded))).toBeLessThanOrEqual(slack)
        })
      })
    })
  }

  /** Of one row to all, four at a time. */
  function distancesFrom(memory: GraphMemory, node: number): number[] {
    const { arena } = memory
    const heap = pool.scratch(arena, 'heap', 8 * vectorsCount)
    const { pointer, stride } = memory.rows
    expect(arena.kernel.nearestRows(memory.pointer, pointer + node * stride, vectorsCount, heap)).toBe(vectorsCount)
    const found: number[] = []
    for (let i = 0; i < vectorsCount; i++) {
      const high = arena.i32[heap / 4 + 2 * i + 1]!
      found[arena.u32[heap / 4 + 2 * i]! >>> 1] = new Float32Array(Int32Array.of(high ^ ((high >> 31) & 0x7fffffff)).buffer)[0]!
    }
    return found
  }

  /** Of one row to one: a walk that has nowhere to go. */
  function oneDistance(memory: GraphMemory, from: number, to: number): number {
    const { arena } = memory
    const walk = placeWalk(memory, 1, false)
    const query = pool.scratch(arena, 'query', memory.layout.stride)
    arena.u32[walk / 4 + walkField.query] = query
    const row = memory.rows.pointer + from * memory.rows.stride
    arena.u8.copyWithin(query, row, row + memory.layout.stride)
    return walked(memory, walk, to)
  }

  function walked(memory: GraphMemory, walk: number, entry: number, rerank = false): number {
    const { arena, pointer } = memory
    const nodes = pool.scratch(arena, 'nodes', 4)
    const distances = pool.scratch(arena, 'distances', 8)
    arena.u8[memory.section('levels').pointer + entry] = 0
    memory.setEntry(entry, 0)
    arena.kernel.searchBegin(pointer, walk)
    expect(arena.kernel.searchStep(pointer, walk, 1000)).toBe(1)
    const { stride } = rerankLayout(memory.parameters.dimensions)
    if (rerank) arena.kernel.searchRerank(pointer, walk, memory.section('rerank').pointer, stride, 1)
    expect(arena.kernel.searchResults(walk, 1, nodes, distances, 1, 0)).toBe(1)
    expect(arena.u32[nodes / 4]).toBe(entry)
    return arena.f64[distances / 8]!
  }

  /** Rows of 16-bit codes, and the distance of a query to them. */
  function expectRerank(kind: string, dimensions: number, metric: Metric) {
    inMemory(kind, dimensions, metric, (memory, { vectors, centre, phi, query }) => {
      const { numbers: count, stride } = rerankLayout(dimensions)
      const target = inGraphSpace(metric, query, centre, 0)
      vectors.forEach((vector, node) => {
        const { t, extra } = inGraphSpace(metric, vector, centre, phi)
        const at = memory.section('rerank').pointer + node * stride
        const codes = new Int16Array(memory.arena.u8.slice(at, at + 2 * count).buffer)
        const [scale, storedExtra] = memory.arena.f32.subarray((at + 2 * count) / 4, (at + 2 * count) / 4 + 2)
        const decoded = Float64Array.from(codes, (code) => code * scale!)
        const size = norm(t)
        const missed = distance(rotatedReference(t), decoded)
        expect(missed).toBeLessThanOrEqual(0.5 * scale! * Math.sqrt(count) * (1 + 1e-3) + 2 * rotationRounding * size + tiny)
        expect(Math.abs(storedExtra! - extra)).toBeLessThanOrEqual(rounding * extra + tiny)
        const { walk, numbers } = placeQuery(memory, query)
        const found = walked(memory, walk, node, true)
        const coded = distance(numbers, decoded) ** 2 + extra * extra
        const sizes = norm(target.t) + norm(centre) + size
        expect(Math.abs(Math.sqrt(found) - Math.sqrt(coded))).toBeLessThanOrEqual(
          rounding * Math.sqrt(coded) + 2e-7 * sizes + root,
        )
        const truth = Math.hypot(distance(target.t, t), extra)
        const lost = missed + rotationRounding * sizes
        expect(Math.abs(Math.sqrt(coded) - truth)).toBeLessThanOrEqual(lost + rounding * truth + tiny)
      })
    })
  }

  const cases = Object.keys(kinds).flatMap((kind) => metrics.map((metric) => [metric, kind] as const))
  const some = (dimensions: number): boolean => dimensions % 7 === 1 || dimensions > 120

  test.each(cases)('%s, %s: a row is what the format says, and misses no more than it says', (metric, kind) => {
    for (const dimensions of dimensionsOf(kind)) expectRows(kind, dimensions, metric)
  })

  test.each(cases)('%s, %s: the row of a query is as good', (metric, kind) => {
    for (const dimensions of dimensionsOf(kind)) expectQuery(kind, dimensions, metric)
  })

  test.each(cases)(
    '%s, %s: distances are those of the codes, symmetric, and as far from the truth as the residuals say',
    (metric, kind) => {
      for (const dimensions of dimensionsOf(kind)) expectDistances(kind, dimensions, metric)
    },
  )

  test.each(cases)('%s, %s: 16-bit codes rank by what they stand for', (metric, kind) => {
    for (const dimensions of dimensionsOf(kind).filter(some)) expectRerank(kind, dimensions, metric)
  })
})
