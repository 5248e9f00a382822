import type { Context } from '../context.js'
import { answers, type App, namespaceParams } from '../schemas/shared.js'
import * as structure from '../schemas/structure.js'
import { justWritten, transacted, transactionBody } from '../schemas/writes.js'
import { runOperation } from '../operation.js'

const path = '/namespaces/:namespace'

/** What concerns all collections of a namespace: transactions and versions. */
export function historyRoutes(app: App, { open }: Context): void {
  const schema = { tags: ['versions'], params: namespaceParams }
  app.post(
    `${path}/transactions`,
    {
      config: { role: 'write' },
      schema: {
        ...schema,
        summary: 'Several writes in one commit, all or none',
        body: transactionBody,
        response: answers(transacted),
      },
    },
    async ({ params, body }) => {
      const namespace = await open.namespace(params.namespace)
      const results = await namespace.transaction(async (tx) => {
        const done: object[] = []
        for (const operation of body.operations) done.push(await runOperation(tx, operation))
        return done
      })
      return { results, version: await namespace.version() }
    },
  )
  app.get(
    `${path}/version`,
    { config: { role: 'read' }, schema: { ...schema, summary: 'The newest version', response: answers(justWritten) } },
    async ({ params }) => ({ version: await (await open.namespace(params.namespace)).version() }),
  )
  app.get(
    `${path}/log`,
    {
      config: { role: 'read' },
      schema: { ...schema, summary: 'Versions, newest first', querystring: structure.logQuery, response: answers(structure.log) },
    },
    async ({ params, query }) => ({ entries: await (await open.namespace(params.namespace)).log(query) }),
  )
  app.post(
    `${path}/commits`,
    {
      config: { role: 'write' },
      schema: {
        ...schema,
        summary: 'Name the newest version, which keeps it',
        body: structure.commitBody,
        response: answers(justWritten, 201),
      },
    },
    async ({ params, body }, reply) => {
      const version = await (await open.namespace(params.namespace)).commit(body.message)
      return reply.code(201).send({ version })
    },
  )
}
