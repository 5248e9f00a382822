import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { serving, type Serving } from '../../../testing/serving.js'

/** Index signatures and records of a small world, so that what is done often meets what was done before. */
const labels = ['Doc', 'Page'] as const
const names = ['body', 'title'] as const
const similarities = ['cosine', 'euclidean'] as const

type Signature = `${(typeof labels)[number]} ${(typeof names)[number]} ${(typeof similarities)[number]}`
interface ModelRecord {
  label: string
  properties: Set<string>
  vectors: Map<Signature, number[]>
}

const label = fc.constantFrom(...labels)
const name = fc.constantFrom(...names)
const similarity = fc.constantFrom(...similarities)
const vector = fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: -9, max: 9 }))
const entries = fc.array(fc.record({ propertyName: name, vector, similarityFunction: similarity }), { maxLength: 2, size: 'max' })
const properties = fc.subarray([...names])
const which = fc.nat(3)

const index = { label, name, similarity }
const step = fc.oneof(
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('declare' as const, 'remove' as const), ...index }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('create' as const), label, properties, entries }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('PUT' as const), which, label: fc.option(label), properties, entries }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('PATCH' as const), which, label: fc.option(label), properties, entries }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('delete' as const), which }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('vectors' as const),
      ...index,
      items: fc.array(fc.tuple(which, vector), { maxLength: 2 }),
    }),
  },
)
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never
type Entries = typeof entries extends fc.Arbitrary<infer E> ? E : never

let on: Serving
beforeAll(async () => {
  on = await serving()
})
afterAll(() => on.close())

const send = (method: string, path: string, body?: object) => on.call(method, `/api/v1${path}`, body ? { body } : {})
const signatureOf = (one: string, property: string, function_: string) => `${one} ${property} ${function_}` as Signature
const dataOf = (given: readonly string[]) => Object.fromEntries(given.map((one) => [one, `text of ${one}`]))

/** A naive reading of what is stored, which goes along with the server. */
class World {
  readonly #indexes = new Map<Signature, string>()
  readonly #records = new Map<string, ModelRecord>()

  async take(step: Step): Promise<void> {
    switch (step.do) {
      case 'declare':
        return this.#declare(step.label, step.name, step.similarity)
      case 'remove':
        return this.#remove(signatureOf(step.label, step.name, step.similarity))
      case 'create':
        return this.#write('POST', undefined, step.label, step.properties, step.entries)
      case 'PUT':
      case 'PATCH':
        return this.#write(step.do, this.#record(step.which), step.label ?? undefined, step.properties, step.entries)
      case 'delete':
        return this.#delete(this.#record(step.which))
      case 'vectors':
        return this.#upsertVectors(signatureOf(step.label, step.name, step.similarity), step.label, step.items)
    }
  }

  /** Searches every index, and counts. */
  async compare(queryVector: readonly number[]): Promise<void> {
    const listed = (await send('GET', '/ai/indexes')).json.data as { id: string; status: string }[]
    expect(listed.map(({ id }) => id).toSorted()).toEqual([...this.#indexes.values()].toSorted())
    for (const [signature, id] of this.#indexes) {
      const [label, propertyName, similarityFunction] = signature.split(' ')
      const { json } = await send('POST', '/ai/search', { label, propertyName, similarityFunction, queryVector, limit: 100 })
      const found = json.data.map(({ __id, __score }: { __id: string; __score: number }) => [__id, __score.toFixed(6)])
      expect(found.toSorted(), signature).toEqual(this.#scored(signature, queryVector).toSorted())
      const scores = json.data.map((record: { __score: number }) => record.__score)
      expect(scores).toEqual(scores.toSorted((a: number, b: number) => b - a))
      const stats = { totalRecords: this.#total(signature), indexedRecords: found.length }
      expect((await send('GET', `/ai/indexes/${id}/stats`)).json.data, signature).toEqual(stats)
      expect(listed.find((index) => index.id === id)!.status).toBe(found.length > 0 ? 'ready' : 'awaiting_vectors')
    }
  }

  async clear(): Promise<void> {
    for (const id of this.#indexes.values()) await send('DELETE', `/ai/indexes/${id}`)
    await send('POST', '/records/delete', { labels: [...labels] })
  }

  async #declare(label: string, propertyName: string, similarityFunction: string): Promise<void> {
    const signature = signatureOf(label, propertyName, similarityFunction)
    const wanted = { label, propertyName, similarityFunction, external: true, dimensions: 2 }
    const { status, json } = await send('POST', '/ai/indexes', wanted)
    expect(status).toBe(this.#indexes.has(signature) ? 409 : 201)
    if (status === 201) this.#indexes.set(signature, json.data.id)
  }

  async #remove(signature: Signature): Promise<void> {
    const id = this.#indexes.get(signature)
    if (id === undefined) return
    expect((await send('DELETE', `/ai/indexes/${id}`)).status).toBe(202)
    this.#indexes.delete(signature)
    for (const { vectors } of this.#records.values()) vectors.delete(signature)
  }

  async #write(
    method: string,
    id: string | undefined,
    newLabel: string | undefined,
    names: string[],
    entries: Entries,
  ): Promise<void> {
    if (method !== 'POST' && id === undefined) return
    const before = id === undefined ? undefined : this.#records.get(id)!
    const label = newLabel ?? before!.label
    const body = { ...(newLabel && { label: newLabel }), data: { n: 'some text', ...dataOf(names) }, vectors: entries }
    const { status, json } = await send(method, id === undefined ? '/records' : `/records/${id}`, body)
    const targets = entries.map((entry) => signatureOf(label, entry.propertyName, entry.similarityFunction))
    expect(status).toBe(targets.every((target) => this.#indexes.has(target)) ? 201 : 404)
    if (status !== 201) return
    const properties = new Set(method === 'PATCH' ? [...before!.properties, ...names] : names)
    const kept = [...(before?.label === label ? before.vectors : [])].filter(([signature]) => {
      const name = signature.split(' ')[1]!
      return properties.has(name) || !before!.properties.has(name)
    })
    const given = targets.map((target, i): [Signature, number[]] => [target, [...entries[i]!.vector]])
    const vectors = new Map([...kept, ...given])
    this.#records.set(json.data.__id, { label, properties, vectors })
  }

  async #delete(id: string | undefined): Promise<void> {
    if (id === undefined) return
    await send('DELETE', `/records/${id}`)
    this.#records.delete(id)
  }

  async #upsertVectors(signature: Signature, label: string, items: [number, number[]][]): Promise<void> {
    const index = this.#indexes.get(signature)
    if (index === undefined) return
    const given = items.flatMap(([which, vector]) => {
      const recordId = this.#record(which)
      return recordId === undefined ? [] : [{ recordId, vector }]
    })
    const fits = given.every(({ recordId }) => this.#records.get(recordId)!.label === label)
    const { status, json } = await send('POST', `/ai/indexes/${index}/vectors/upsert`, { items: given })
    expect(status).toBe(fits ? 200 : 422)
    if (!fits) return
    expect(json.data).toEqual({ updated: new Set(given.map(({ recordId }) => recordId)).size, requested: given.length })
    for (const { recordId, vector } of given) this.#records.get(recordId)!.vectors.set(signature, vector)
  }

  #record(which: number): string | undefined {
    return [...this.#records.keys()][which]
  }

  #scored(signature: Signature, query: readonly number[]): [id: string, score: string][] {
    const score = signature.endsWith('cosine') ? cosineScore : euclideanScore
    return [...this.#records].flatMap(([id, { vectors }]) => {
      const vector = vectors.get(signature)
      return vector ? [[id, score(vector, query).toFixed(6)] as [string, string]] : []
    })
  }

  #total(signature: Signature): number {
    const [label, name] = signature.split(' ')
    return [...this.#records.values()].filter(
      (record) => record.label === label && (record.properties.has(name!) || record.vectors.has(signature)),
    ).length
  }
}

function cosineScore([a, b]: readonly number[], [c, d]: readonly number[]): number {
  return Math.fround((1 + (a! * c! + b! * d!) / (Math.hypot(a!, b!) * Math.hypot(c!, d!))) / 2)
}

function euclideanScore([a, b]: readonly number[], [c, d]: readonly number[]): number {
  return Math.fround(1 / (1 + (a! - c!) ** 2 + (b! - d!) ** 2))
}

it('searches and counts are those of a naive reading, whatever was done before', async () => {
  const signatures = labels.flatMap((label) =>
    names.flatMap((name) => similarities.map((similarity) => ({ label, name, similarity }))),
  )
  const records = fc.array(fc.record({ do: fc.constant('create' as const), label, properties, entries }), {
    minLength: 4,
    maxLength: 4,
  })
  const steps = fc.array(step, { minLength: 12, maxLength: 24, size: 'max' })
  await fc.assert(
    fc.asyncProperty(fc.subarray(signatures, { minLength: 6 }), records, steps, vector, async (indexes, first, then, query) => {
      const world = new World()
      for (const signature of indexes) await world.take({ do: 'declare', ...signature })
      for (const one of [...first, ...then]) await world.take(one)
      await world.compare(query)
      await world.clear()
    }),
    { numRuns: 8 },
  )
})
