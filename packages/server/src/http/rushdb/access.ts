import type { FastifyRequest } from 'fastify'
import { accessOf, type Access } from '../access.js'
import type { Context } from '../context.js'
import { allows } from '../keys/key-record.js'
import { looksLikeSession, type Sessions } from '../keys/sessions.js'
import { forbidden } from './problem.js'

export type Needs = 'read' | 'write'

const bearer = /^Bearer +(\S+) *$/i

/** The text of the key that a request brings: clients up to 1.x have it in `token`. */
export function keyTextOf({ headers }: FastifyRequest): string {
  return (typeof headers['token'] === 'string' ? headers['token'] : bearer.exec(headers.authorization ?? '')?.[1]) ?? ''
}

/** Clients up to 1.x send the header `token`, and expect a few answers to be as they were then. */
export function isLegacy({ headers }: FastifyRequest): boolean {
  return typeof headers['token'] === 'string' && headers.authorization === undefined
}

/** @throws RushProblem 403 */
export function rushAccess(request: FastifyRequest, { settings, sessions }: Context, needs: Needs): Access {
  const text = keyTextOf(request)
  const access = looksLikeSession(text) ? accessOfSession(request, sessions, text) : accessOf(request, settings.keys, text)
  if (!access) throw forbidden()
  if (!allows(access, needs)) throw forbidden('This API key may only read.')
  return access
}

/** The project of a key: its one namespace; `default` where it sees all. */
export function projectIdOf({ namespaces }: Access): string {
  if (namespaces === '*') return 'default'
  const [only, ...others] = namespaces
  if (only === undefined || others.length > 0) throw forbidden('This API key is for several namespaces; a project is one.')
  return only
}

/** Who signed in may do all, in the project that `x-project-id` names. */
function accessOfSession({ headers }: FastifyRequest, sessions: Sessions | undefined, token: string): Access | undefined {
  if (!sessions?.isValid(token)) return undefined
  const project = headers['x-project-id']
  return { id: 'session', role: 'admin', namespaces: typeof project === 'string' && project !== '' ? [project] : '*' }
}
