import { expect } from 'vitest'
import { randomSource } from '@quiverdb/testing'
import type { Fields, IndexOptions, RecordInput } from '../collection/types.js'
import type { Task } from '../index.js'
import { QuiverError } from '../errors.js'
import { expectWords, vocabulary } from './expect-answers.js'
import type { ReferenceLanguage } from './reference-collection.js'
import { collectionNames, type CollectionName, type References, type World } from './world.js'

export const commandKinds = [
  'upsert', 'upsert', 'upsert', 'upsertMany', 'upsertLarge', 'update', 'update', 'delete', 'deleteMany', 'deleteWhere', 'updateWhere', 'setVectors', 'createIndex', 'dropIndex',
  'declareFields', 'dropFields', 'declareTexts', 'dropTexts',
  'transaction', 'conflict', 'burst', 'name', 'at', 'maintain', 'maintain', 'settle', 'collect', 'reopen',
] as const // prettier-ignore

export interface Command {
  readonly kind: (typeof commandKinds)[number]
  readonly database: number
  readonly seed: number
}

/** The indexes that come and go: two metrics and a part on one field, another size of the same field, and external vectors. */
const indexMenu: readonly IndexOptions[] = [
  { field: 'e', dimensions: 4, metric: 'cosine' },
  { name: 'e-l2', field: 'e', dimensions: 4, metric: 'l2' },
  { name: 'e-part', field: 'e', dimensions: 4, metric: 'dot', where: { tag: 'a' } },
  { name: 'e-five', field: 'e', dimensions: 5, metric: 'l2' },
  { name: 'body', field: 'text', source: 'external', dimensions: 3, metric: 'cosine' },
]
/** Fields that get indexes and lose them: one of them may hold vectors, which are in columns. */
const fieldMenu = ['n', 'tag', 'text', 'nested.list', 'e']
const tags = ['a', 'b', 'c']
/** Fields that are searched by words; what is a vector is no text, and what is a text beside vectors is one. */
const textMenu: readonly (readonly [string, ReferenceLanguage])[] = [
  ['words', 'english'],
  ['words', 'none'],
  ['nested.words', 'none'],
  ['e', 'english'],
]

/** One command's random choices. All of them come from its seed, so that removing other commands changes nothing in it. */
class Choices {
  readonly random: () => number

  constructor(seed: number) {
    this.random = randomSource(seed)
  }

  below(limit: number): number {
    return Math.floor(this.random() * limit)
  }

  of<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!
  }

  id(): string {
    return `r${this.below(90)}`
  }

  /** Never all zeros. Whole numbers make many equal vectors, the others need float64. */
  vector(dimensions: number): number[] {
    const whole = this.random() < 0.6
    return Array.from({ length: dimensions }, () => (whole ? this.below(7) - 3 || 1 : this.random() * 2 - 1))
  }

  fields(): Fields {
    const fields: Fields = { n: this.below(20), tag: this.of(tags) }
    if (this.random() < 0.85) fields['e'] = this.vector(this.random() < 0.9 ? 4 : 5)
    else if (this.random() < 0.3) fields['e'] = this.of<unknown>(['none', 'heated wings', null, [1, 2], { x: 1 }])
    if (this.random() < 0.3) fields['text'] = 'ä€😀'.repeat(this.below(10))
    if (this.random() < 0.2) fields['nested'] = { list: [1, [2, null]], __proto: true, 'a.b': 0.1 + this.below(3) }
    if (this.random() < 0.7) fields['words'] = this.words()
    if (this.random() < 0.1) fields['nested'] = [{ words: this.words() }, 1, { words: this.words() }]
    return fields
  }

  words(): unknown {
    const words = Array.from({ length: this.below(9) }, () => this.of(vocabulary))
    return this.random() < 0.8 ? words.join(' ') : [...words, 5, null]
  }

  patch(): Fields {
    const fields: Fields = {}
    if (this.random() < 0.2) fields['words'] = this.random() < 0.8 ? this.words() : undefined
    if (this.random() < 0.6) fields['n'] = this.below(20)
    if (this.random() < 0.3) fields['tag'] = this.of(tags)
    if (this.random() < 0.3) fields['e'] = this.vector(this.random() < 0.9 ? 4 : 5)
    if (this.random() < 0.1) fields['e'] = undefined
    if (this.random() < 0.1) fields['text'] = undefined
    return fields
  }
}

/** Carries one command out, in the world and in its reference. */
export async function runCommand(world: World, { kind, database, seed }: Command): Promise<void> {
  const choices = new Choices(seed)
  const name = choices.random() < 0.75 ? 'papers' : 'notes'
  const collection = await world.collection(database, name)
  const after = world.draft()
  const reference = after[name]
  switch (kind) {
    case 'upsert':
      return upsert(world, choices, database, name, 1 + choices.below(8), '')
    case 'upsertMany':
      return upsert(world, choices, database, name, 10 + choices.below(40), '')
    case 'upsertLarge':
      return upsert(world, choices, database, name, 40 + choices.below(20), 'long '.repeat(400))
    case 'update': {
      const ids = [
        ...new Set(Array.from({ length: 1 + choices.below(4) }, () => choices.of([...reference.records.keys(), choices.id()]))),
      ]
      const patches = ids.map((id) => ({ id, ...choices.patch() }))
      const missing = ids.some((id) => !reference.records.has(id))
      const taken = missing ? [] : patches.map(({ id, ...fields }) => reference.patch(id, fields))
      return expectWritten(world, after, () => collection.update(patches), missing || taken.includes(false))
    }
    case 'delete':
    case 'deleteMany': {
      const ids = Array.from({ length: kind === 'delete' ? 1 + choices.below(5) : 40 }, () => choices.id())
      const deleted = reference.delete(ids)
      const written = await collection.delete(ids)
      expect(written.deleted).toBe(deleted)
      return world.advance(written.version, after)
    }
    case 'deleteWhere': {
      const where = { n: choices.below(20), tag: { $ne: choices.of(tags) } }
      const deleted = reference.delete(reference.ids(where))
      const written = await collection.delete({ where })
      expect(written.deleted).toBe(deleted)
      if (deleted > 0) world.advance(written.version, after)
      return
    }
    case 'updateWhere': {
      const where = { tag: choices.of(tags), n: { $lt: choices.below(20) } }
      const set = { n: choices.below(20), text: choices.of(['short', undefined]) }
      const ids = reference.ids(where)
      for (const id of ids) reference.patch(id, set)
      const written = await collection.update({ where, set })
      expect(written.updated).toBe(ids.length)
      if (ids.length > 0) world.advance(written.version, after)
      return
    }
    case 'setVectors': {
      if (!reference.indexes.has('body')) return
      const ids = [...reference.records.keys()].filter(() => choices.random() < 0.3)
      const items = ids.map((id) => ({ id, vector: choices.random() < 0.2 ? null : choices.vector(3) }))
      for (const { id, vector } of items) reference.setVector(id, 'body', vector)
      return expectWritten(world, after, () => collection.setVectors('body', items), false)
    }
    case 'createIndex': {
      const options = choices.of(indexMenu)
      const index = options.name ?? options.field
      const exists = reference.indexes.has(index)
      if (!exists) reference.indexes.set(index, options)
      return expectWritten(world, after, () => collection.createIndex(options), exists)
    }
    case 'dropIndex': {
      const index = choices.of(indexMenu.map((options) => options.name ?? options.field))
      const exists = reference.indexes.has(index)
      if (exists) reference.dropIndex(index)
      return expectWritten(world, after, () => collection.dropIndex(index), !exists)
    }
    case 'declareFields': {
      const paths = fieldMenu.filter(() => choices.random() < 0.4)
      const isNew = paths.some((path) => !reference.indexedFields.has(path))
      for (const path of paths) reference.indexedFields.add(path)
      await collection.declareFields(paths)
      if (isNew) world.advance(await world.database(database).version(), after)
      return
    }
    case 'dropFields': {
      const path = choices.of(fieldMenu)
      const exists = reference.indexedFields.delete(path)
      return expectWritten(world, after, () => collection.dropFields([path]), !exists)
    }
    case 'declareTexts': {
      const [field, language] = choices.of(textMenu)
      const known = reference.texts.get(field)
      const refused = known !== undefined && known !== language
      if (!refused) reference.texts.set(field, language)
      await expectWritten(world, after, () => collection.declareTexts([{ field, language }]), refused)
      return
    }
    case 'dropTexts': {
      const [field] = choices.of(textMenu)
      const exists = reference.texts.delete(field)
      return expectWritten(world, after, () => collection.dropTexts([field]), !exists)
    }
    case 'transaction':
      return transaction(world, choices, database)
    case 'conflict':
      return conflict(world, choices, database)
    case 'burst':
      return burst(world, choices, name)
    case 'name':
      return world.advance(await world.database(database).commit(`named ${seed}`), world.references, true)
    case 'at': {
      const versions = [...world.known.keys()]
      if (versions.length > 0) await world.verifyVersion(database, choices.of(versions))
      return
    }
    case 'maintain':
      return world
        .database(database)
        .maintain({ only: [choices.of<Task>(['flush', 'build', 'merge', 'compact', 'fields', 'snapshot'])] })
    case 'settle':
      return world.database(database).settled()
    case 'collect':
      world.collected = true
      return world.database(database).maintain({ only: ['collect'] })
    case 'reopen':
      return world.reopen(database)
  }
}

/** A write succeeds, or is refused with nothing changed. */
async function expectWritten(
  world: World,
  after: References,
  write: () => Promise<unknown>,
  refused: boolean,
  database = 0,
): Promise<void> {
  if (refused) {
    await expect(write()).rejects.toBeInstanceOf(QuiverError)
    return
  }
  const written = (await write()) as { version?: string } | undefined
  world.advance(written?.version ?? (await world.database(database).version()), after)
}

async function upsert(
  world: World,
  choices: Choices,
  database: number,
  name: CollectionName,
  count: number,
  padding: string,
): Promise<void> {
  const after = world.draft()
  const records: RecordInput[] = []
  let refused = false
  for (let i = 0; i < count; i++) {
    const id = choices.id()
    const fields = { ...choices.fields(), ...(padding !== '' && { padding }) }
    const external: Record<string, number[]> = {}
    if (after[name].indexes.has('body') && choices.random() < 0.5) external['body'] = choices.vector(3)
    refused ||= after[name].refuses(fields)
    records.push({ id, ...asGiven(choices, fields, after[name].refuses(fields)), $vectors: external })
    after[name].put(id, typed(records[i]!), external)
  }
  const collection = await world.collection(database, name)
  await expectWritten(world, after, () => collection.upsert(records), refused)
}

/** Some callers have their vectors as Float32Array. */
function asGiven(choices: Choices, fields: Fields, unusable: boolean): Fields {
  if (unusable || !Array.isArray(fields['e']) || choices.random() < 0.7) return fields
  return { ...fields, e: Float32Array.from(fields['e'] as number[]) }
}

/** The fields of a record as they come back: typed arrays as arrays of numbers. */
function typed({ id: _, $vectors: __, ...fields }: RecordInput): Fields {
  return fields['e'] instanceof Float32Array ? { ...fields, e: Array.from(fields['e']) } : fields
}

async function transaction(world: World, choices: Choices, database: number): Promise<void> {
  const after = world.draft()
  const abandoned = choices.random() < 0.3
  class Abandoned extends Error {}
  const work = world.database(database).transaction(async (tx) => {
    for (let step = 0; step < 6; step++) {
      const name = choices.of(collectionNames)
      const reference = after[name]
      const collection = tx.collection(name)
      const id = choices.id()
      const known = reference.records.get(id)
      const fields = known ? choices.patch() : choices.fields()
      const trial = reference.clone()
      const refused = known ? !trial.patch(id, fields) : trial.refuses(fields)
      if (step === 2) expect(await collection.delete([id])).toBe(reference.delete([id]))
      else if (refused) {
        await expect(known ? collection.update(id, fields) : collection.upsert([{ id, ...fields }])).rejects.toBeInstanceOf(
          QuiverError,
        )
      } else if (known) {
        await collection.update(id, fields)
        reference.patch(id, fields)
      } else {
        await collection.upsert([{ id, ...fields }])
        reference.put(id, fields)
      }
      const expected = reference.records.get(id)
      expect(await collection.get(id)).toEqual(expected ? { id, ...expected.fields } : null)
      expect(await collection.count()).toBe(reference.records.size)
      await expectWords(collection, reference, choices.random)
    }
    if (abandoned) throw new Abandoned()
  })
  if (abandoned) await expect(work).rejects.toBeInstanceOf(Abandoned)
  else {
    await work
    world.advance(await world.database(database).version(), after)
  }
}

/** A record or a condition that a transaction read is changed by someone else: it must fail, and leave no trace. */
async function conflict(world: World, choices: Choices, database: number): Promise<void> {
  const after = world.draft()
  const id = choices.id()
  const byCondition = choices.random() < 0.5
  let version = ''
  const work = world.database(database).transaction(async (tx) => {
    const papers = tx.collection('papers')
    if (byCondition) await papers.count({ where: { n: { $gte: 100 } } })
    else await papers.get(id)
    await tx.collection('notes').upsert([{ id: 'never' }])
    const other = await world.collection(database + choices.below(2), 'papers')
    version = (await other.upsert([{ id, n: 100 }])).version
  })
  await expect(work).rejects.toMatchObject({ code: 'CONFLICT' })
  after.papers.put(id, { n: 100 })
  world.advance(version, after)
}

/** Writers of all databases at once, each with records of its own. */
async function burst(world: World, choices: Choices, name: CollectionName): Promise<void> {
  const after = world.draft()
  const writes: Promise<unknown>[] = []
  for (let writer = 0; writer < 8; writer++) {
    const collection = await world.collection(writer, name)
    const id = `w${writer}`
    const fields: Fields = { n: choices.below(20), tag: choices.of(tags), e: choices.vector(4) }
    if (after[name].refuses(fields)) delete fields['e']
    after[name].put(id, fields)
    const written = collection.upsert([{ id, ...fields }])
    if (writer % 3 === 0) after[name].patch(id, { n: -1 })
    writes.push(writer % 3 === 0 ? written.then(() => collection.update(id, { n: -1 })) : written)
  }
  await Promise.all(writes)
  world.advance(await world.database(choices.below(2)).version(), after)
}
