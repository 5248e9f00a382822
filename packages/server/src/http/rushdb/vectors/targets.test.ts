import { type Database, open } from 'quiverdb'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Project } from '../project.js'
import type { StoredIndex } from '../stored.js'
import { vectorEntries } from './entry.js'
import { VectorTargets } from './targets.js'

let db: Database
let project: Project

const declared: readonly Pick<
  StoredIndex,
  'id' | 'label' | 'propertyName' | 'sourceType' | 'similarityFunction' | 'dimensions'
>[] = [
  { id: 'doc', label: 'Doc', propertyName: 'body', sourceType: 'external', similarityFunction: 'cosine', dimensions: 3 },
  { id: 'doc2', label: 'Doc', propertyName: 'body', sourceType: 'external', similarityFunction: 'cosine', dimensions: 2 },
  { id: 'docL2', label: 'Doc', propertyName: 'body', sourceType: 'external', similarityFunction: 'euclidean', dimensions: 2 },
  { id: 'managed', label: 'Doc', propertyName: 'body', sourceType: 'managed', similarityFunction: 'cosine', dimensions: 4 },
  { id: 'title', label: 'Doc', propertyName: 'title', sourceType: 'external', similarityFunction: 'cosine', dimensions: 3 },
  {
    id: 'odd',
    label: 'constructor',
    propertyName: '__proto__',
    sourceType: 'external',
    similarityFunction: 'cosine',
    dimensions: 3,
  },
]

beforeAll(async () => {
  db = await open('memory:')
  project = await Project.open(await db.namespace('targets'))
  await project.run(async ({ indexes }) => {
    await indexes.upsert(declared.map((index) => ({ ...index, modelKey: '', createdAt: '', updatedAt: '' })))
  })
})
afterAll(() => db.close())

const vectorsFor = (label: string | undefined, entries: unknown): Promise<unknown> =>
  project.run((unit) => new VectorTargets(unit).vectorsFor(label, vectorEntries(entries)))

describe('an inline vector', () => {
  it('goes to the external index of its size', async () => {
    expect(await vectorsFor('Doc', [{ propertyName: 'body', vector: [1, 0, 0], dimensions: 3 }])).toEqual({ doc: [1, 0, 0] })
    expect(await vectorsFor('constructor', [{ propertyName: '__proto__', vector: [1, 0, 0] }])).toEqual({ odd: [1, 0, 0] })
  })

  it('goes where its similarity function says', async () => {
    const body = (similarityFunction: string, vector: number[]) => ({ propertyName: 'body', vector, similarityFunction })
    expect(await vectorsFor('Doc', [body('euclidean', [1, 0]), body('cosine', [0, 1]), body('cosine', [1, 1])])).toEqual({
      docL2: [1, 0],
      doc2: [1, 1],
    })
  })

  it('is refused where several indexes fit', async () => {
    await expect(vectorsFor('Doc', [{ propertyName: 'body', vector: [1, 0] }])).rejects.toMatchObject({
      status: 422,
      message: expect.stringContaining('specify similarityFunction'),
    })
  })

  it.each([
    ['Doc', { propertyName: 'body', vector: [1, 0, 0, 0] }],
    ['Doc', { propertyName: 'body', vector: [1, 0, 0], similarityFunction: 'euclidean' }],
    ['Doc', { propertyName: 'absent', vector: [1, 0, 0] }],
    ['Other', { propertyName: 'body', vector: [1, 0, 0] }],
    [undefined, { propertyName: 'body', vector: [1, 0, 0] }],
  ])('of %s is not found where none fits: %j', async (label, entry) => {
    await expect(vectorsFor(label, [entry])).rejects.toMatchObject({ status: 404 })
  })

  it.each([
    'body',
    [7],
    [null],
    [{ vector: [1] }],
    [{ propertyName: '', vector: [1] }],
    [{ propertyName: 'body' }],
    [{ propertyName: 'body', vector: [1, '2', 3] }],
    [{ propertyName: 'body', vector: [] }],
    [{ propertyName: 'body', vector: [1, 0], similarityFunction: 'dot' }],
  ])('is refused where it is malformed: %j', async (entries) => {
    await expect(vectorsFor('Doc', entries)).rejects.toMatchObject({ status: 400 })
  })

  it('need not be there', async () => {
    expect([await vectorsFor('Doc', undefined), await vectorsFor('Doc', null), await vectorsFor(undefined, [])]).toEqual([
      {},
      {},
      {},
    ])
  })
})
