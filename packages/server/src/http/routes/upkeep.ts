import { QuiverError } from 'quiverdb'
import type { Context } from '../context.js'
import { answers, type App, namespaceParams } from '../schemas/shared.js'
import * as structure from '../schemas/structure.js'

const path = '/namespaces/:namespace'
const settleMsDefault = 30_000

export function upkeepRoutes(app: App, { open, stopping }: Context): void {
  const schema = { tags: ['upkeep'], params: namespaceParams }
  app.get(
    `${path}/stats`,
    {
      config: { role: 'read' },
      schema: { ...schema, summary: 'Records, indexes, objects and memory', response: answers(structure.stats) },
    },
    async ({ params }) => (await open.namespace(params.namespace)).stats(),
  )
  app.post(
    `${path}/settle`,
    {
      config: { role: 'admin' },
      schema: {
        ...schema,
        summary: 'Wait until no background work is due',
        body: structure.settleBody,
        response: answers(structure.settled),
      },
    },
    async ({ params, body }) => {
      const namespace = await open.namespace(params.namespace)
      const late = AbortSignal.timeout(body?.timeoutMs ?? settleMsDefault)
      try {
        await namespace.settled({ signal: AbortSignal.any([late, stopping]) })
        return { settled: true }
      } catch (error) {
        if (error instanceof QuiverError && error.code === 'ABORTED' && !stopping.aborted) return { settled: false }
        throw error
      }
    },
  )
  app.post(
    `${path}/check`,
    {
      config: { role: 'admin' },
      schema: { ...schema, summary: 'Read and verify everything', response: answers(structure.checked) },
    },
    async ({ params }) => (await open.namespace(params.namespace)).check({ signal: stopping }),
  )
}
