import type { FastifyRequest } from 'fastify'
import { type Static, Type } from 'typebox'
import { badRequest, unprocessable } from '../problem.js'
import type { Surface } from '../surface.js'
import { declareIndex, removeIndex, type WantedIndex } from '../vectors/declare.js'
import { similarityFunction } from '../vectors/entry.js'
import { embeddingIndex, indexStats, listIndexes } from '../vectors/status.js'
import { upsertVectors, vectorItems } from '../vectors/upsert.js'

/** As upstream; the library takes more. */
const dimensionsMax = 4_096

const createBody = Type.Object({
  label: Type.String({ minLength: 1 }),
  propertyName: Type.String({ minLength: 1 }),
  sourceType: Type.Optional(Type.Union([Type.Literal('managed'), Type.Literal('external')])),
  external: Type.Optional(Type.Boolean({ description: 'The same as sourceType: "external"' })),
  similarityFunction: Type.Optional(similarityFunction),
  dimensions: Type.Optional(Type.Integer({ minimum: 1, maximum: dimensionsMax })),
})

/** AI indexes: which there are, how far they are, and the vectors that external ones are given. */
export function aiIndexRoutes(surface: Surface): void {
  surface.route('GET', '/ai/indexes', { needs: 'read', summary: 'All AI indexes' }, ({ unit }) => listIndexes(unit))
  surface.projectRoute(
    'POST',
    '/ai/indexes',
    { needs: 'write', summary: 'Declare an AI index', body: createBody, status: 201 },
    async (project, request) => {
      refuseInTransaction(request)
      const wanted = wantedOf(request.body as Static<typeof createBody>)
      const { embedder } = surface.context.settings
      const index = await declareIndex(project, wanted, wanted.sourceType === 'managed' ? embedder : undefined)
      return embeddingIndex(project.id, index)
    },
  )
  surface.projectRoute(
    'DELETE',
    '/ai/indexes/:id',
    { needs: 'write', summary: 'Delete an AI index and its vectors', status: 202 },
    async (project, request) => {
      refuseInTransaction(request)
      await removeIndex(project, (request.params as { id: string }).id)
      return { deleted: true, queued: true }
    },
  )
  surface.route(
    'GET',
    '/ai/indexes/:id/stats',
    { needs: 'read', summary: 'How many records an AI index has, and could have' },
    ({ unit, params }) => indexStats(unit, params['id']!),
  )
  surface.route(
    'POST',
    '/ai/indexes/:id/vectors/upsert',
    { needs: 'write', summary: 'Give records their vectors in an external index', body: vectorItems },
    ({ unit, params, body }) => upsertVectors(unit, params['id']!, body.items),
  )
}

/** @throws RushProblem 422 */
function wantedOf({ external, sourceType, dimensions, ...body }: Static<typeof createBody>): WantedIndex {
  const { label, propertyName, similarityFunction = 'cosine' } = body
  const source = external === true ? 'external' : (sourceType ?? 'managed')
  if (source === 'external' && dimensions === undefined) throw unprocessable('An external index needs "dimensions".')
  return { label, propertyName, sourceType: source, similarityFunction, ...(dimensions !== undefined && { dimensions }) }
}

/** Indexes are made and dropped by commits of their own. */
function refuseInTransaction({ headers }: FastifyRequest): void {
  if (headers['x-transaction-id'])
    throw badRequest('AI indexes are created and deleted outside of transactions: leave x-transaction-id out.')
}
