import { Type } from 'typebox'
import type { Context } from '../context.js'
import { answers, type App, strict } from '../schemas/shared.js'
import { docsHtml, docsPolicy } from './docs-page.js'

const state = strict({ status: Type.String() })

/** What those who run a server ask: does it live, may it be sent requests, how is it. And what those who use it ask: what is there. */
export function operationRoutes(app: App, { db, metrics, stopping }: Context): void {
  const tags = ['operations']
  app.get('/health', { schema: { tags, summary: 'Whether the process lives', response: answers(state) } }, async () => ({
    status: 'ok',
  }))
  app.get(
    '/ready',
    {
      schema: {
        tags,
        summary: 'Whether requests may be sent: the database answers, and no shutdown has begun',
        response: answers(state),
      },
    },
    async (_request, reply) => {
      if (stopping.aborted) return reply.code(503).send({ status: 'stopping' })
      await db.version()
      return { status: 'ready' }
    },
  )
  app.get(
    '/metrics',
    {
      config: { role: 'read', everywhere: true },
      schema: {
        tags,
        summary: 'Metrics in the text format of Prometheus',
        response: { 200: { description: 'Metrics', content: { 'text/plain': { schema: Type.String() } } } },
      },
    },
    async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()),
  )
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger())
  app.get('/docs', { schema: { hide: true } }, async (_request, reply) =>
    reply.type('text/html; charset=utf-8').header('content-security-policy', docsPolicy).send(docsHtml),
  )
}
