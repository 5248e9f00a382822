import type { FastifyRequest } from 'fastify'
import { type Static, Type } from 'typebox'
import { badRequest, unprocessable } from '../problem.js'
import type { Surface } from '../surface.js'
import { declareIndex, removeIndex } from '../vectors/declare.js'
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
      const { label, propertyName, external, sourceType, similarityFunction = 'cosine', dimensions } = bodyOf(request)
      if (external !== true && sourceType !== 'external')
        throw unprocessable('The server has no embedding provider, which a managed index needs.')
      if (dimensions === undefined) throw unprocessable('An external index needs "dimensions".')
      const signature = { label, propertyName, sourceType: 'external', similarityFunction, dimensions } as const
      return embeddingIndex(project.id, await declareIndex(project, signature), undefined)
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

function bodyOf({ body }: FastifyRequest) {
  return body as Static<typeof createBody>
}

/** Indexes are made and dropped by commits of their own. */
function refuseInTransaction({ headers }: FastifyRequest): void {
  if (headers['x-transaction-id'])
    throw badRequest('AI indexes are created and deleted outside of transactions: leave x-transaction-id out.')
}
