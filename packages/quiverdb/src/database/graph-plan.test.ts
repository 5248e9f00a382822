import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Occasion, planStep } from './graph-plan.js'
import { defaultTuning } from './tuning.js'

interface Graph {
  readonly rows: readonly number[]
  readonly nodes: number
}

/** Graphs as sets of rows: carries out plans as background work does. */
class Rows {
  readonly #nodesMax: number
  readonly #tuning
  readonly #living = new Set<number>()
  graphs: Graph[] = []
  #next = 0

  constructor(nodesMax: number, bounds: { graphRowsMin: number; tailRowsMax: number; smallGraphsMax: number }) {
    this.#nodesMax = nodesMax
    this.#tuning = { ...defaultTuning, ...bounds }
  }

  get records(): number {
    return this.#living.size
  }

  insert(count: number): void {
    for (let i = 0; i < count; i++) this.#living.add(this.#next++)
  }

  /** Deletes a share of the rows: one in so many, or a stretch. */
  delete(from: number, share: number, scattered: boolean): void {
    const rows = [...this.#living]
    const count = Math.floor(rows.length * share)
    const first = Math.floor(from * (rows.length - count))
    const step = scattered && count > 0 ? rows.length / count : 1
    for (let i = 0; i < count; i++) this.#living.delete(rows[scattered ? Math.floor(i * step) : first + i]!)
  }

  unindexed(among = this.graphs): number[] {
    const held = new Set<number>()
    for (const { rows } of among) for (const row of rows) held.add(row)
    return [...this.#living].filter((row) => !held.has(row))
  }

  deadOf({ rows }: Graph): number {
    return rows.filter((row) => !this.#living.has(row)).length
  }

  /** Does what is due; false where nothing is. */
  step(occasion: Occasion): boolean {
    const { graphs } = this
    const living = (): number[] => graphs.map((graph) => graph.nodes - this.deadOf(graph))
    const sizes = { graphs, records: this.records, unindexed: this.unindexed().length, living, nodesMax: this.#nodesMax }
    const step = planStep(sizes, this.#tuning, occasion)
    if (!step) return false
    const { into, replaces, kind } = step
    expect(occasion[kind]).toBe(true)
    const kept = graphs.filter((graph) => !replaces.includes(graph))
    const room = this.#nodesMax - (into?.nodes ?? 0)
    const added = this.unindexed(into ? [...kept, into] : kept).slice(0, Math.max(0, room))
    const rows = [...(into?.rows ?? []).filter((row) => this.#living.has(row)), ...added]
    this.graphs = [...kept, { rows, nodes: rows.length }].sort((a, b) => b.nodes - a.nodes)
    return true
  }
}

const bounds = fc.record({
  graphRowsMin: fc.integer({ min: 1, max: 40 }),
  tailRowsMax: fc.integer({ min: 1, max: 60 }),
  smallGraphsMax: fc.nat(3),
})
const command = fc.oneof(
  { weight: 3, arbitrary: fc.record({ insertPercent: fc.integer({ min: 1, max: 250 }) }) },
  fc.record({
    from: fc.constantFrom(0, 0.3, 0.6, 1),
    share: fc.constantFrom(0.05, 0.3, 0.3, 0.7, 1),
    scattered: fc.boolean(),
  }),
  { weight: 2, arbitrary: fc.record({ idle: fc.boolean(), build: fc.boolean(), merge: fc.boolean() }) },
)
const all: Occasion = { idle: true, build: true, merge: true }

describe('the plan for graphs', () => {
  it('comes to rest: all rows in few graphs, each in one, none above the most', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 300 }),
        bounds,
        fc.array(command, { maxLength: 25, size: 'max' }),
        (nodesMax, tuning, commands) => {
          const rows = new Rows(nodesMax, tuning)
          const settle = (occasion: Occasion): void => {
            // Each graph may be mended, divided, filled and made once.
            const stepsMax = 10 + 6 * (rows.graphs.length + Math.ceil(rows.records / nodesMax))
            let steps = 0
            while (rows.step(occasion)) {
              expect(++steps).toBeLessThanOrEqual(stepsMax)
              const held = rows.graphs.flatMap((graph) => graph.rows)
              expect(new Set(held).size).toBe(held.length)
              for (const { nodes } of rows.graphs) expect(nodes).toBeLessThanOrEqual(nodesMax)
            }
          }
          for (const next of commands) {
            if ('insertPercent' in next) rows.insert(Math.ceil((next.insertPercent * nodesMax) / 100))
            else if ('idle' in next) settle(next)
            else rows.delete(next.from, next.share, next.scattered)
          }
          settle({ idle: false, build: true, merge: true })
          expect(rows.unindexed().length).toBeLessThan(tuning.tailRowsMax)
          settle(all)
          const open = rows.graphs.filter(({ nodes }) => nodes <= 0.75 * nodesMax)
          expect(open.length).toBeLessThanOrEqual(1)
          for (const graph of rows.graphs) expect(rows.deadOf(graph)).toBeLessThanOrEqual(0.3 * graph.nodes)
          const rest = rows.unindexed().length
          if (rest >= tuning.graphRowsMin) expect(rest).toBeLessThanOrEqual(open.length ? 128 : 0)
        },
      ),
      { numRuns: 300 },
    )
  })
})
