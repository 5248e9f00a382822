import type { FastifyRequest } from 'fastify'
import { type Static, type TSchema, Type } from 'typebox'
import { v5 as idOf } from 'uuid'
import { keyTextOf } from '../access.js'
import { ProjectCards } from '../admin/projects.js'
import { badRequest, forbidden, unprocessable } from '../problem.js'
import type { Surface } from '../surface.js'

const optional = Type.Optional

const loginBody = Type.Object({ login: Type.String(), password: Type.String() })
const projectBody = Type.Object({
  name: Type.String({ minLength: 1 }),
  description: optional(Type.Union([Type.String(), Type.Null()])),
})
const tokenBody = Type.Object({
  name: optional(Type.String()),
  expiration: optional(Type.String({ description: 'Hours, days, weeks or years, such as 1d; * for never' })),
  level: optional(Type.Union([Type.Literal('read'), Type.Literal('write')])),
})

/** A server is one workspace; its id is the same everywhere. */
const workspaceId = idOf('workspace', '0190b5a0-0000-7000-8000-000000000000')
const hourMs = 3_600_000
const unitMs: Readonly<Record<string, number>> = { h: hourMs, d: 24 * hourMs, w: 7 * 24 * hourMs, y: 365 * 24 * hourMs }

/** Making projects and API keys by those who sign in with the login of the server. */
export function adminRoutes(surface: Surface): void {
  const { app, context } = surface
  const projects = new ProjectCards(context.db)
  app.post('/auth/login', { schema: { tags: ['RushDB'], summary: 'Sign in', body: loginBody } }, async ({ body, ip }) => {
    if (!context.sessions) throw forbidden('Nobody can sign in: the server was started without a login and a password.')
    return { data: { token: context.sessions.begin(body, ip), login: body.login }, success: true }
  })
  const route = routesOfSessions(surface)
  route('GET', '/workspaces', 'The workspaces', undefined, async () => [{ id: workspaceId, name: 'default' }])
  route('GET', '/projects', 'The projects', undefined, () => projects.list())
  route('POST', '/projects', 'Make a project', projectBody, async ({ name, description }) => {
    const card = await projects.create(name, description ?? '')
    await surface.project(card.id)
    return card
  })
  route('GET', '/projects/:id', 'A project, and how much it holds', undefined, async (_body, { params }) => {
    const card = await projects.get((params as { id: string }).id)
    return { ...card, stats: JSON.stringify(await statsOf(surface, card.id)) }
  })
  route('POST', '/tokens', 'Make an API key of a project', tokenBody, async (body, { headers }) => {
    const { id } = await projects.get(String(headers['x-project-id'] ?? ''))
    return newKey(surface, id, body)
  })
}

/** Declares routes that need a session rather than a key. */
function routesOfSessions({ app, context }: Surface) {
  return <S extends TSchema>(
    method: 'GET' | 'POST',
    url: string,
    summary: string,
    body: S | undefined,
    handle: (body: Static<S>, request: FastifyRequest) => Promise<unknown>,
  ): void => {
    app.route({
      method,
      url,
      schema: { tags: ['RushDB'], summary, description: 'Needs the token of a `sign-in`.', ...(body && { body }) },
      preValidation: (request, _reply, done) => {
        done(context.sessions?.isValid(keyTextOf(request)) ? undefined : forbidden())
      },
      handler: async (request, reply) => {
        const data = await handle(request.body as Static<S>, request)
        return reply.code(method === 'POST' ? 201 : 200).send({ data, success: true })
      },
    })
  }
}

async function statsOf(surface: Surface, id: string): Promise<object> {
  return (await surface.project(id)).run(async ({ records, relationships }) => ({
    records: await records.count(),
    properties: (await records.distinct('props', { limit: 10_000 })).length,
    relationships: await relationships.count(),
  }))
}

async function newKey({ context }: Surface, project: string, body: Static<typeof tokenBody>): Promise<object> {
  const { keys } = context.settings
  if (!keys) throw unprocessable('This server has no folder of API keys.')
  const { name = '', expiration = '*', level = 'write' } = body
  const { key, record } = await keys.create({ role: level, namespaces: [project], name, ...expiryOf(expiration) })
  return { id: record.id, name, value: key, created: record.created, expiration: record.expires ?? '*', level }
}

/** @throws RushProblem 400 */
function expiryOf(expiration: string): { expires?: Date } {
  if (expiration === '*') return {}
  const [, count, unit] = /^(\d{1,4})([hdwy])$/.exec(expiration) ?? []
  if (count === undefined || unit === undefined)
    throw badRequest('Request validation of body failed, because: "expiration" must be like 12h, 1d, 2w, 1y, or *')
  return { expires: new Date(Date.now() + Number(count) * unitMs[unit]!) }
}
