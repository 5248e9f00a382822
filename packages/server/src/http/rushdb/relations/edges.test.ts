import fc from 'fast-check'
import { type Database, open } from 'quiverdb'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Project } from '../project.js'
import { pagesOf } from '../query/pages.js'
import {
  connect,
  type Direction,
  disconnect,
  type Edge,
  type EdgeChoice,
  idsWithNeighbour,
  neighboursOf,
  removeEdgesOf,
  storedType,
} from './edges.js'

let db: Database
let projects = 0
beforeAll(async () => {
  db = await open('memory:')
})
afterAll(() => db.close())

const newProject = async () => Project.open(await db.namespace(`p${projects++}`))
const record = fc.integer({ min: 0, max: 6 }).map((n) => `r${n}`)
const type = fc.constantFrom('KNOWS', 'LIKES', '', '__proto__')
const edge: fc.Arbitrary<Edge> = fc.record({ source: record, target: record, type })
const choice: fc.Arbitrary<EdgeChoice> = fc.record(
  { type, direction: fc.constantFrom<Direction>('in', 'out') },
  { requiredKeys: [] },
)
const step = fc.oneof(
  fc.record({ connect: fc.array(edge, { maxLength: 6 }) }),
  fc.record({ disconnect: fc.array(edge, { maxLength: 3 }) }),
  fc.record({ remove: fc.array(record, { maxLength: 2 }) }),
)

const keyOf = ({ source, target, type: name }: Edge) => JSON.stringify([source, target, storedType(name)])

/** Pairs of a record and its neighbour, as a naive reader of all edges finds them. */
function pairsOf(edges: Iterable<Edge>, { type: name, direction }: EdgeChoice): [string, string][] {
  const chosen = [...edges].filter((one) => name === undefined || storedType(one.type) === storedType(name))
  return [
    ...chosen.filter(() => direction !== 'in').map(({ source, target }): [string, string] => [source, target]),
    ...chosen.filter(() => direction !== 'out').map(({ source, target }): [string, string] => [target, source]),
  ]
}

const sorted = (values: Iterable<string>) => [...new Set(values)].sort()

describe('edges', () => {
  it('are those that were connected and neither disconnected nor deleted with a record, within the unit and after it', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 8 }),
        fc.uniqueArray(record, { maxLength: 4 }),
        choice,
        async (steps, some, chosen) => {
          const project = await newProject()
          const model = new Map<string, Edge>()
          const ids = new Set(some)
          const check = () =>
            project.run(async (unit) => {
              const pairs = pairsOf(model.values(), chosen)
              const found = await neighboursOf(unit, ids, chosen)
              expect(sorted(found.keys())).toEqual(sorted(pairs.map(([id]) => id).filter((id) => ids.has(id))))
              for (const [id, neighbours] of found)
                expect(sorted(neighbours)).toEqual(sorted(pairs.filter(([from]) => from === id).map(([, to]) => to)))
              expect(sorted(await idsWithNeighbour(unit, ids, chosen))).toEqual(
                sorted(pairs.filter(([, to]) => ids.has(to)).map(([id]) => id)),
              )
            })
          await project.run(async (unit) => {
            for (const one of steps) {
              if ('connect' in one) {
                await connect(unit, one.connect)
                for (const added of one.connect) model.set(keyOf(added), added)
              } else if ('disconnect' in one) {
                const gone = new Set(one.disconnect.map(keyOf).filter((key) => model.delete(key)))
                expect(await disconnect(unit, one.disconnect)).toBe(gone.size)
              } else {
                const gone = [...model].filter(([, { source, target }]) =>
                  [source, target].some((end) => one.remove.includes(end)),
                )
                for (const [key] of gone) model.delete(key)
                expect(await removeEdgesOf(unit, one.remove)).toBe(gone.length)
              }
            }
          })
          await check()
        },
      ),
      { numRuns: 150 },
    )
  })

  it('of many records are found in one pass, and are the same', async () => {
    const project = await newProject()
    const ids = Array.from({ length: 3_000 }, (_, n) => `r${n}`)
    const edges = ids.map((source, n) => ({ source, target: `r${(n * 7) % 5_000}`, type: n % 3 === 0 ? 'A' : 'B' }))
    await project.run((unit) => connect(unit, edges))
    const some = new Set(ids.slice(0, 2_000))
    for (const chosen of [{}, { type: 'A' }, { type: 'A', direction: 'in' as const }, { direction: 'out' as const }]) {
      await project.run(async (unit) => {
        const pairs = pairsOf(edges, chosen).filter(([id]) => some.has(id))
        const found = await neighboursOf(unit, some, chosen)
        expect([...found.values()].reduce((sum, { size }) => sum + size, 0)).toBe(new Set(pairs.map(String)).size)
        expect(sorted(found.keys())).toEqual(sorted(pairs.map(([id]) => id)))
        const back = pairsOf(edges, chosen).filter(([, to]) => some.has(to))
        expect(sorted(await idsWithNeighbour(unit, some, chosen))).toEqual(sorted(back.map(([id]) => id)))
      })
    }
    expect(await project.run((unit) => removeEdgesOf(unit, ids.slice(0, 2_500)))).toBe(
      edges.filter(({ source, target }) => [source, target].some((id) => Number(id.slice(1)) < 2_500)).length,
    )
    await project.run(async (unit) => {
      for await (const page of pagesOf(unit.relationships, {}))
        for (const { source, target } of page) expect([source, target].every((id) => Number(id.slice(1)) >= 2_500)).toBe(true)
    })
  })
})
