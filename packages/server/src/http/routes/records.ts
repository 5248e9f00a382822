import { Type } from 'typebox'
import { QuiverError, type Filter } from 'quiverdb'
import type { Context } from '../context.js'
import * as queries from '../schemas/queries.js'
import { answers, type App, atQuery, collectionParams, optional, record, strict } from '../schemas/shared.js'
import * as writes from '../schemas/writes.js'
import { unpackRecord, type WireRecord } from '../vectors.js'

const tags = ['records']
const path = '/namespaces/:namespace/collections/:collection/records'

const idParams = strict({ ...collectionParams.properties, id: Type.String() })
const oneQuery = strict({
  ...atQuery.properties,
  fields: optional(Type.String({ description: 'Only these fields: `title,author.name`' })),
  vectors: optional(Type.Boolean()),
})

export function recordRoutes(app: App, { open }: Context): void {
  writeRoutes(app, open)
  changeRoutes(app, open)
  readRoutes(app, open)
  oneRecordRoutes(app, open)
}

function writeRoutes(app: App, open: Context['open']): void {
  app.post(
    path,
    {
      config: { role: 'write' },
      schema: {
        tags,
        summary: 'Write whole records',
        params: collectionParams,
        body: writes.upsertBody,
        response: answers(writes.upserted),
      },
    },
    ({ params, body }) =>
      open.use(params.namespace, params.collection, (collection) => collection.upsert(body.records.map(unpackRecord))),
  )
}

function changeRoutes(app: App, open: Context['open']): void {
  app.post(
    `${path}/update`,
    {
      config: { role: 'write' },
      schema: {
        tags,
        summary: 'Replace fields, of records by their ids or of all that match',
        params: collectionParams,
        body: writes.updateBody,
        response: answers(writes.updated),
      },
    },
    ({ params, body }) =>
      open.use(params.namespace, params.collection, async (collection) => {
        const { records, where, set } = body
        if (records && !where && !set) {
          const patches = records.map(unpackRecord) as { id: string }[]
          return { updated: new Set(patches.map(({ id }) => id)).size, ...(await collection.update(patches)) }
        }
        if (!records && where && set) return collection.update({ where, set: unpackRecord(set) })
        throw new QuiverError('INVALID_ARGUMENT', 'An update has either records with ids, or where and set.')
      }),
  )
  app.post(
    `${path}/delete`,
    {
      config: { role: 'write' },
      schema: {
        tags,
        summary: 'Remove records by their ids, or all that match',
        params: collectionParams,
        body: writes.deleteBody,
        response: answers(writes.deleted),
      },
    },
    ({ params, body }) =>
      open.use(params.namespace, params.collection, (collection) => collection.delete(doomed(body.ids, body.where))),
  )
}

function doomed(ids: readonly string[] | undefined, where: Filter | undefined): readonly string[] | { where: Filter } {
  if (ids && !where) return ids
  if (where && !ids) return { where }
  throw new QuiverError('INVALID_ARGUMENT', 'A deletion has either ids or where.')
}

function readRoutes(app: App, open: Context['open']): void {
  const config = { role: 'read' } as const
  const read = { tags, params: collectionParams, querystring: atQuery }
  app.post(
    `${path}/get`,
    {
      config,
      schema: {
        ...read,
        summary: 'Records by their ids, null where there is none',
        body: writes.getBody,
        response: answers(writes.found),
      },
    },
    ({ params, query, body: { ids, ...options } }) =>
      open.read(params.namespace, params.collection, query.at, async (reader) => ({
        records: await reader.getMany(ids, options),
      })),
  )
  app.post(
    `${path}/list`,
    { config, schema: { ...read, summary: 'A page of records', body: queries.listQuery, response: answers(queries.page) } },
    ({ params, query, body }) => open.read(params.namespace, params.collection, query.at, (reader) => reader.list(body)),
  )
  app.post(
    `${path}/count`,
    {
      config,
      schema: { ...read, summary: 'How many there are, or match', body: queries.countQuery, response: answers(queries.count) },
    },
    ({ params, query, body }) =>
      open.read(params.namespace, params.collection, query.at, async (reader) => ({ count: await reader.count(body) })),
  )
  app.post(
    `${path}/distinct`,
    {
      config,
      schema: {
        ...read,
        summary: 'The values of a field, in their order',
        body: queries.distinctQuery,
        response: answers(queries.distinctValues),
      },
    },
    ({ params, query, body: { field, ...rest } }) =>
      open.read(params.namespace, params.collection, query.at, async (reader) => ({
        values: await reader.distinct(field, rest),
      })),
  )
  app.post(
    `${path}/facets`,
    {
      config,
      schema: {
        ...read,
        summary: 'The most frequent values of fields',
        body: queries.facetsQuery,
        response: answers(queries.facets),
      },
    },
    ({ params, query, body }) =>
      open.read(params.namespace, params.collection, query.at, async (reader) => ({ facets: await reader.facets(body) })),
  )
}

function oneRecordRoutes(app: App, open: Context['open']): void {
  const one = `${path}/:id`
  const schema = { tags, params: idParams }
  app.get(
    one,
    { config: { role: 'read' }, schema: { ...schema, summary: 'A record', querystring: oneQuery, response: answers(record) } },
    ({ params, query }) =>
      open.read(params.namespace, params.collection, query.at, async (reader) => {
        const fields = query.fields?.split(',').filter((field) => field !== '')
        return (
          (await reader.get(params.id, { fields, vectors: query.vectors })) ??
          Promise.reject(unknownRecord(params.id, params.collection))
        )
      }),
  )
  app.put(
    one,
    {
      config: { role: 'write' },
      schema: { ...schema, summary: 'Write a whole record', body: record, response: answers(writes.upserted) },
    },
    ({ params, body }) =>
      open.use(params.namespace, params.collection, (collection) => collection.upsert([withId(body, params.id)])),
  )
  app.patch(
    one,
    {
      config: { role: 'write' },
      schema: { ...schema, summary: 'Replace fields of a record', body: record, response: answers(writes.justWritten) },
    },
    ({ params, body }) =>
      open.use(params.namespace, params.collection, (collection) => collection.update([withId(body, params.id)])),
  )
  app.delete(
    one,
    { config: { role: 'write' }, schema: { ...schema, summary: 'Remove a record', response: answers(writes.deleted) } },
    ({ params }) => open.use(params.namespace, params.collection, (collection) => collection.delete(params.id)),
  )
}

/** @throws QuiverError INVALID_ARGUMENT: the body names another id than the path */
function withId(body: WireRecord, id: string): WireRecord & { id: string } {
  if (body['id'] !== undefined && body['id'] !== id)
    throw new QuiverError('INVALID_ARGUMENT', `The path names record '${id}', the body another. Leave the id out of the body.`)
  return { ...unpackRecord(body), id }
}

function unknownRecord(id: string, collection: string): QuiverError {
  return new QuiverError('NOT_FOUND', `Collection '${collection}' has no record '${id}'.`, { details: { id } })
}
