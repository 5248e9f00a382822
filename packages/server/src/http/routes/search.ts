import type { Static } from 'typebox'
import type { CollectionVersion, SearchResult } from 'quiverdb'
import type { Context } from '../context.js'
import * as queries from '../schemas/queries.js'
import { answers, type App, atQuery, collectionParams } from '../schemas/shared.js'
import { vectorOf } from '../vectors.js'

const tags = ['search']
const config = { role: 'read' } as const
const path = '/namespaces/:namespace/collections/:collection'

export function searchRoutes(app: App, context: Context): void {
  const { open, stopping } = context
  const schema = { tags, params: collectionParams, querystring: atQuery }
  app.post(
    `${path}/search`,
    {
      config,
      schema: {
        ...schema,
        summary: 'The records nearest to a vector, or to a text',
        body: queries.searchQuery,
        response: answers(queries.searchResult),
      },
    },
    ({ params, query, body }) =>
      open.read(params.namespace, params.collection, query.at, (reader) => search(reader, body, 'vector', context)),
  )
  app.post(
    `${path}/search/batch`,
    {
      config,
      schema: {
        ...schema,
        summary: 'Several searches at once',
        body: queries.searchBatch,
        response: answers(queries.searchResults),
      },
    },
    ({ params, query, body }) =>
      open.read(params.namespace, params.collection, query.at, async (reader) => ({
        results: await Promise.all(body.queries.map((one, at) => search(reader, one, `queries.${at}.vector`, context))),
      })),
  )
  app.post(
    `${path}/evaluate`,
    {
      config,
      schema: {
        ...schema,
        summary: 'What recall and time each effort has',
        body: queries.evaluateQuery,
        response: answers(queries.evaluation),
      },
    },
    ({ params, query, body: { vectors, ...rest } }) =>
      open.read(params.namespace, params.collection, query.at, (reader) =>
        reader.evaluate({ ...rest, vectors: vectors?.map((vector, at) => vectorOf(vector, `vectors.${at}`)), signal: stopping }),
      ),
  )
}

async function search(
  reader: Pick<CollectionVersion, 'search'>,
  { vector, ...query }: Static<typeof queries.searchQuery>,
  place: string,
  { settings: { searchTimeoutMs }, metrics }: Context,
): Promise<SearchResult> {
  const began = performance.now()
  const result = await reader.search({
    ...query,
    ...(vector !== undefined && { vector: vectorOf(vector, place) }),
    timeoutMs: query.timeoutMs === undefined ? searchTimeoutMs : Math.min(query.timeoutMs, searchTimeoutMs),
  })
  metrics.searched((performance.now() - began) / 1000)
  return result
}
