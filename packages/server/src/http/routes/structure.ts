import { Type } from 'typebox'
import type { Context } from '../context.js'
import { sees } from '../keys/key-record.js'
import { answers, type App, collectionParams, namespaceParams, strict } from '../schemas/shared.js'
import * as structure from '../schemas/structure.js'
import { justWritten, vectorsBody } from '../schemas/writes.js'
import { vectorOf } from '../vectors.js'

const collectionPath = '/namespaces/:namespace/collections/:collection'

/** Namespaces, collections, and the indexes that collections have. */
export function structureRoutes(app: App, context: Context): void {
  namespaceRoutes(app, context)
  collectionRoutes(app, context)
  indexRoutes(app, context)
  fieldRoutes(app, context)
}

function namespaceRoutes(app: App, { db, open }: Context): void {
  const tags = ['collections']
  app.get(
    '/namespaces',
    {
      config: { role: 'read' },
      schema: { tags, summary: 'Names of the namespaces that the key may see', response: answers(structure.namespaces) },
    },
    async ({ access }) => ({ namespaces: (await db.namespaces()).filter((name) => access !== null && sees(access, name)) }),
  )
  app.get(
    '/namespaces/:namespace/collections',
    {
      config: { role: 'read' },
      schema: { tags, summary: 'Names of the collections', params: namespaceParams, response: answers(structure.collections) },
    },
    async ({ params }) => ({ collections: await (await open.namespace(params.namespace)).collections() }),
  )
}

function collectionRoutes(app: App, { open }: Context): void {
  const schema = { tags: ['collections'], params: collectionParams }
  app.put(
    collectionPath,
    {
      config: { role: 'write' },
      schema: {
        ...schema,
        summary: 'Make a collection, and its indexes, where they are missing',
        body: structure.collectionBody,
        response: answers(structure.collection),
      },
    },
    async ({ params, body }) => {
      await open.create(params.namespace, params.collection, body ?? {})
      return describe(open, params)
    },
  )
  app.get(
    collectionPath,
    {
      config: { role: 'read' },
      schema: { ...schema, summary: 'What a collection has', response: answers(structure.collection) },
    },
    ({ params }) => describe(open, params),
  )
  app.delete(
    collectionPath,
    {
      config: { role: 'admin' },
      schema: { ...schema, summary: 'Drop a collection with all its records', response: answers(structure.dropped) },
    },
    async ({ params }) => {
      await (await open.namespace(params.namespace)).dropCollection(params.collection)
      open.forget(params.namespace, params.collection)
      return { dropped: params.collection }
    },
  )
}

function describe(
  open: Context['open'],
  { namespace, collection: name }: { namespace: string; collection: string },
): Promise<object> {
  return open.use(namespace, name, async (collection) => {
    const [records, indexes, fields] = await Promise.all([collection.count(), collection.indexes(), collection.fields()])
    return { name, records, indexes, fields }
  })
}

function indexRoutes(app: App, { open, settings: { embedder } }: Context): void {
  const schema = { tags: ['indexes'], params: collectionParams }
  const oneParams = strict({ ...collectionParams.properties, index: Type.String() })
  app.get(
    `${collectionPath}/indexes`,
    {
      config: { role: 'read' },
      schema: { ...schema, summary: 'Vector indexes and how far each is', response: answers(structure.indexes) },
    },
    ({ params }) =>
      open.use(params.namespace, params.collection, async (collection) => ({ indexes: await collection.indexes() })),
  )
  app.post(
    `${collectionPath}/indexes`,
    {
      config: { role: 'write' },
      schema: {
        ...schema,
        summary: 'Declare a vector index',
        body: structure.indexOptions,
        response: answers(structure.indexStatus, 201),
      },
    },
    async ({ params, body }, reply) => {
      const status = await open.use(params.namespace, params.collection, (collection) =>
        collection.createIndex(body.source === 'managed' ? { ...body, embedder } : body),
      )
      return reply.code(201).send(status)
    },
  )
  app.delete(
    `${collectionPath}/indexes/:index`,
    {
      config: { role: 'write' },
      schema: { ...schema, params: oneParams, summary: 'Drop a vector index', response: answers(structure.dropped) },
    },
    async ({ params }) => {
      await open.use(params.namespace, params.collection, (collection) => collection.dropIndex(params.index))
      return { dropped: params.index }
    },
  )
  app.put(
    `${collectionPath}/indexes/:index/vectors`,
    {
      config: { role: 'write' },
      schema: {
        ...schema,
        params: oneParams,
        summary: 'Give records their vectors in an external index',
        body: vectorsBody,
        response: answers(justWritten),
      },
    },
    ({ params, body }) => {
      const items = body.items.map(({ id, vector }, at) => ({
        id,
        vector: vector === null ? null : vectorOf(vector, `items.${at}.vector`),
      }))
      return open.use(params.namespace, params.collection, (collection) => collection.setVectors(params.index, items))
    },
  )
}

function fieldRoutes(app: App, { open }: Context): void {
  const schema = { tags: ['indexes'], params: collectionParams }
  app.get(
    `${collectionPath}/fields`,
    {
      config: { role: 'read' },
      schema: { ...schema, summary: 'Field indexes and how far each is', response: answers(structure.fields) },
    },
    ({ params }) => open.use(params.namespace, params.collection, async (collection) => ({ fields: await collection.fields() })),
  )
  app.post(
    `${collectionPath}/fields`,
    {
      config: { role: 'write' },
      schema: { ...schema, summary: 'Declare field indexes', body: structure.fieldsBody, response: answers(structure.fields) },
    },
    ({ params, body }) =>
      open.use(params.namespace, params.collection, async (collection) => {
        await collection.declareFields(body.paths)
        return { fields: await collection.fields() }
      }),
  )
  app.post(
    `${collectionPath}/fields/drop`,
    {
      config: { role: 'write' },
      schema: {
        ...schema,
        summary: 'Take declarations of field indexes back',
        body: structure.fieldsBody,
        response: answers(structure.fields),
      },
    },
    ({ params, body }) =>
      open.use(params.namespace, params.collection, async (collection) => {
        await collection.dropFields(body.paths)
        return { fields: await collection.fields() }
      }),
  )
}
