import { Type } from 'typebox'
import type { FastifyRequest } from 'fastify'
import type { Surface } from '../surface.js'
import { ttlDefaultMs, ttlMaxMs } from '../transactions.js'

const beginBody = Type.Optional(
  Type.Object({ ttl: Type.Optional(Type.Number({ minimum: 1, description: 'Milliseconds until it is rolled back' })) }),
)

/** Transactions of several requests, which name theirs in `x-transaction-id`. */
export function transactionRoutes(surface: Surface): void {
  const { transactions } = surface
  surface.projectRoute(
    'POST',
    '/tx',
    { needs: 'write', summary: 'Begin a transaction', body: beginBody },
    async (project, { body }) => {
      const { ttl = ttlDefaultMs } = (body ?? {}) as { ttl?: number }
      return { id: await transactions.begin(project, Math.min(ttl, ttlMaxMs)) }
    },
  )
  surface.projectRoute(
    'GET',
    '/tx/:id',
    { needs: 'read', summary: 'Whether a transaction is open' },
    async (project, request) => {
      const id = idOf(request)
      transactions.get(project, id)
      return { id }
    },
  )
  surface.projectRoute(
    'POST',
    '/tx/:id/commit',
    { needs: 'write', summary: 'Commit a transaction' },
    async (project, request) => {
      const id = idOf(request)
      await transactions.get(project, id).commit()
      return { message: `Transaction (${id}) has been successfully committed.` }
    },
  )
  surface.projectRoute(
    'POST',
    '/tx/:id/rollback',
    { needs: 'write', summary: 'Roll a transaction back' },
    async (project, request) => {
      const id = idOf(request)
      await transactions.find(project, id)?.rollback()
      return { message: `Transaction (${id}) has been rolled back.` }
    },
  )
}

function idOf({ params }: FastifyRequest): string {
  return (params as { id: string }).id
}
