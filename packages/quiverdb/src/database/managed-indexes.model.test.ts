import fc from 'fast-check'
import { describe, test } from 'vitest'
import { QuiverError } from '../errors.js'
import { ManagedWorld, type Note } from '../testing/managed-world.js'
import { withoutSync } from '../testing/without-sync.js'

const ids = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h')
const texts = ['one', 'two', 'three', 'one two', 'two three four']
const bodies = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom<unknown>(...texts) },
  {
    weight: 2,
    arbitrary: fc.constantFrom<unknown>(null, '', '  ', 7, true, ['one', 'two'], ['one', 3, null], [], { deep: 'x' }),
  },
)
const fields = fc.record({ body: bodies, label: fc.constantFrom('a', 'b'), n: fc.nat(9) }, { requiredKeys: [] })
const notes = fc.record({ id: ids, fields, isLarge: fc.boolean() }).map(({ id, fields: { ...rest }, isLarge }): Note => ({
  id,
  ...rest,
  ...(isLarge && { filler: 'x'.repeat(30_000) }),
}))
const database = fc.nat(1)

type Command = { readonly on: number } & (
  | { readonly kind: 'upsert'; readonly notes: readonly Note[] }
  | { readonly kind: 'update'; readonly id: string; readonly fields: Partial<Note> }
  | { readonly kind: 'updateWhere' | 'deleteWhere'; readonly label: string; readonly fields: Partial<Note> }
  | { readonly kind: 'delete'; readonly id: string }
  | {
      readonly kind: 'transaction'
      readonly notes: readonly Note[]
      readonly id: string
      readonly fields: Partial<Note>
      readonly away: string
    }
  | { readonly kind: 'createIndex' | 'dropIndex'; readonly name: 'all' | 'labelled' }
  | { readonly kind: 'changeModel' | 'embed' | 'beginEmbed' | 'maintain' | 'build' | 'crash' | 'name' }
)

const upkeep = ['embed', 'embed', 'beginEmbed', 'beginEmbed', 'maintain', 'maintain', 'name'] as const
const rare = ['build', 'changeModel', 'changeModel', 'crash', 'crash', 'crash'] as const

const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('upsert' as const),
      on: database,
      notes: fc.array(notes, { minLength: 1, maxLength: 5 }),
    }),
  },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('update' as const), on: database, id: ids, fields }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constantFrom('updateWhere' as const, 'deleteWhere' as const),
      on: database,
      label: fc.constantFrom('a', 'b'),
      fields,
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('delete' as const), on: database, id: ids }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('transaction' as const),
      on: database,
      notes: fc.array(notes, { minLength: 1, maxLength: 3 }),
      id: ids,
      fields,
      away: ids,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constantFrom('createIndex' as const, 'dropIndex' as const),
      on: database,
      name: fc.constantFrom('all' as const, 'labelled' as const),
    }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constantFrom(...upkeep), on: database }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom(...rare), on: database }) },
)

async function perform(world: ManagedWorld, { on, ...command }: Command): Promise<void> {
  const collection = await world.collection(on)
  const changed = (id: string, more: Partial<Note>): void => {
    const note = world.notes.get(id)
    if (note) world.notes.set(id, { ...note, ...more })
  }
  switch (command.kind) {
    case 'upsert':
      await collection.upsert(command.notes)
      for (const note of command.notes) world.notes.set(note.id, note)
      return
    case 'update':
      if (!world.notes.has(command.id)) return
      await collection.update(command.id, command.fields)
      changed(command.id, command.fields)
      return
    case 'updateWhere':
      await collection.update({ where: { label: command.label }, set: command.fields })
      for (const { id, label } of [...world.notes.values()]) if (label === command.label) changed(id, command.fields)
      return
    case 'deleteWhere':
      await collection.delete({ where: { label: command.label, n: { $gte: 5 } } })
      for (const { id, label, n } of [...world.notes.values()])
        if (label === command.label && (n ?? 0) >= 5) world.notes.delete(id)
      return
    case 'delete':
      await collection.delete(command.id)
      world.notes.delete(command.id)
      return
    case 'transaction':
      try {
        await (
          await world.database(on)
        ).transaction(async (tx) => {
          const inside = tx.collection('notes')
          await inside.upsert(command.notes)
          await inside.delete(command.away)
          if (await inside.get(command.id)) await inside.update(command.id, command.fields)
        })
      } catch (error) {
        // An index came or went through the other database.
        if (error instanceof QuiverError && error.code === 'CONFLICT') return
        throw error
      }
      for (const note of command.notes) world.notes.set(note.id, note)
      world.notes.delete(command.away)
      changed(command.id, command.fields)
      return
    case 'createIndex':
      return world.createIndex(on, command.name)
    case 'dropIndex':
      return world.dropIndex(on, command.name)
    case 'changeModel':
      return world.changeModel(on)
    case 'embed':
      return (await world.database(on)).maintain({ only: ['embed'] })
    case 'beginEmbed':
      return world.begin((await world.database(on)).maintain({ only: ['embed'] }))
    case 'maintain':
      return (await world.database(on)).maintain({ only: ['flush', 'snapshot'] })
    case 'build':
      return (await world.database(on)).maintain({ only: ['flush', 'build', 'merge', 'compact', 'fields', 'snapshot'] })
    case 'crash':
      return world.crash(on)
    case 'name':
      world.versions.push({
        version: await (await world.database(on)).commit('kept'),
        model: world.model,
        indexes: [...world.indexes],
      })
  }
}

async function run(world: ManagedWorld, commands: readonly Command[]): Promise<void> {
  try {
    await world.createIndex(0, 'all')
    for (const one of commands) {
      await perform(world, one)
      await world.verifyNoneStale(await world.collection(one.on), world.indexes, world.model)
    }
    await world.waitForBackground()
    for (const number of [0, 1]) {
      await world.collection(number)
      await (await world.database(number)).maintain({ only: ['embed'] })
    }
    for (const number of [0, 1]) await world.verifyComplete(number)
    for (const { version, model, indexes } of world.versions) {
      const reader = await (await world.collection(0)).at(version)
      await world.verifyNoneStale(reader, indexes, model)
      await reader.close()
    }
  } finally {
    await world.close()
  }
}

describe('in the end every record has the vector of its text, and never that of another,', { timeout: 60_000 }, () => {
  const commands = fc.array(command, { minLength: 5, maxLength: 40, size: 'max' })

  test('over a store that answers at once', async () => {
    await fc.assert(
      fc.asyncProperty(commands, (list) => run(new ManagedWorld(), list)),
      { numRuns: 40 },
    )
  })

  test('over one that does not', async () => {
    await fc.assert(
      fc.asyncProperty(commands, (list) => run(new ManagedWorld(withoutSync), list)),
      { numRuns: 15 },
    )
  })
})
