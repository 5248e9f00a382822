import type { FastifyRequest } from 'fastify'
import { RushProblem } from '../problem.js'
import type { Surface } from '../surface.js'

/** What clients ask about the server and their key. */
export function settingsRoutes(surface: Surface): void {
  const { app, context } = surface
  const open = (url: string, summary: string, answer: (request: FastifyRequest) => unknown): void => {
    app.get(url, { schema: { tags: ['RushDB'], summary } }, async (request) => ({ data: answer(request), success: true }))
  }
  const settings = ({ protocol, host }: FastifyRequest) => ({
    selfHosted: true,
    dashboardUrl: `${protocol}://${host}`,
    googleOAuthEnabled: false,
    githubOAuthEnabled: false,
    embeddingEnabled: true,
    llmEnabled: false,
    synxEnabled: false,
  })
  open('/', 'Whether this API is served', () => 'RushDB is running')
  open('/settings', 'What this server offers', settings)
  open('/sdk/settings', 'The same, for clients', (request) => ({ ...settings(request), customDb: false }))

  surface.projectRoute('GET', '/tokens/current', { needs: 'read', summary: 'The key of the request' }, async (_, { access }) => {
    const { id, role } = access!
    const record = context.settings.keys?.find(id)
    const { name = '', created, expires } = record ?? {}
    return { id, name, created, expiration: expires ?? '*', expired: false, level: role === 'read' ? 'read' : 'write' }
  })
  surface.projectRoute('POST', '/query/raw', { needs: 'write', summary: 'Not offered: queries in Cypher' }, async () => {
    throw new RushProblem(501, 'There is no raw query: records are not in a graph database, so nothing reads Cypher here.')
  })
}
