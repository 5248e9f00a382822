import fc from 'fast-check'
import { expect } from 'vitest'
import type { OpenOptions } from '../database/database.js'
import type { ObjectStore } from '../store/object-store.js'
import { commandKinds, runCommand, type Command } from './random-commands.js'
import { smallTuning, World } from './world.js'

export interface ModelRun {
  /** Makes a new place for objects; what it returns opens a store over them, each time another. */
  place(): Promise<() => Promise<ObjectStore>>
  readonly databases: number
  readonly runs: number
  readonly commands: number
  readonly retention?: OpenOptions['retention']
  readonly seed?: number
  /** Beside small bounds for all kinds of work. */
  readonly tuning?: OpenOptions['tuning']
}

const recallMin = 0.95

const command: fc.Arbitrary<Command> = fc.record({
  kind: fc.constantFrom(...commandKinds),
  database: fc.nat(1),
  seed: fc.nat(2 ** 31 - 1),
})

/** Random commands over fresh databases: after each one all records and searches are what the reference says. */
export async function checkModel({ place, databases, runs, commands, retention, seed, tuning }: ModelRun): Promise<void> {
  const property = fc.asyncProperty(
    fc.array(command, { minLength: Math.ceil(commands / 2), maxLength: commands, size: 'max' }),
    async (sequence) => {
      const world = await World.open(
        { store: await place(), tuning: { ...smallTuning, ...tuning }, maintenance: 'manual', ...(retention && { retention }) },
        databases,
      )
      try {
        for (const [position, next] of sequence.entries()) {
          try {
            await runCommand(world, next)
            await world.verify(next.seed)
          } catch (error) {
            throw new Error(`After command ${position}, ${JSON.stringify(next)}: ${String(error)}`, { cause: error })
          }
        }
        for (const version of world.known.keys()) await world.verifyVersion(0, version)
        const { problems } = await world.database(0).check()
        expect(problems).toEqual([])
        const average = world.recalls.reduce((sum, recall) => sum + recall, 0) / Math.max(1, world.recalls.length)
        if (world.recalls.length > 0) expect(average).toBeGreaterThanOrEqual(recallMin)
      } finally {
        await world.close()
      }
    },
  )
  // Shrinking takes many times the run; a failure's seed and path reproduce it, and without this line it is shrunk.
  const endOnFailure = true
  await fc.assert(property, { numRuns: runs, endOnFailure, ...(seed !== undefined && { seed }) })
}
