import type { FastifyRequest } from 'fastify'
import { isIP } from 'node:net'
import { QuiverError } from 'quiverdb'
import type { ApiKeys } from './keys/api-keys.js'
import { allows, type KeyRecord, type Role, sees } from './keys/key-record.js'
import { Refusal } from './problems.js'

/** What a request may do: that of its key, or all where there are no keys. */
export type Access = Pick<KeyRecord, 'id' | 'role' | 'namespaces'>

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The least role that a route needs; absent: none, not even a key. */
    role?: Role
    /** A route that tells of all namespaces needs a key that sees them all. */
    everywhere?: true
  }
  interface FastifyRequest {
    /** Who asks; null on routes that need no role. */
    access: Access | null
  }
}

const everybody: Access = { id: '', role: 'admin', namespaces: '*' }
const bearer = /^Bearer +(\S+) *$/i

/**
 * Finds out who asks and whether they may, before anything of the body is read.
 * @throws Refusal UNAUTHENTICATED, FORBIDDEN
 */
export function grant(request: FastifyRequest, keys: ApiKeys | undefined): Access | null {
  const { role, everywhere } = request.routeOptions.config
  if (role === undefined) return null
  const key = accessOf(request, keys, bearer.exec(request.headers.authorization ?? '')?.[1] ?? '')
  if (!key)
    throw new Refusal(
      'UNAUTHENTICATED',
      'This needs an API key: `Authorization: Bearer quiver_...`. `quiver keys create` makes one.',
    )
  if (!allows(key, role)) throw new Refusal('FORBIDDEN', `This needs a key with the role '${role}'; this one has '${key.role}'.`)
  const { namespace } = request.params as { namespace?: string }
  if ((namespace !== undefined || everywhere) && !sees(key, namespace))
    throw new Refusal(
      'FORBIDDEN',
      namespace === undefined ? 'This needs a key for all namespaces.' : `This key is not for namespace '${namespace}'.`,
    )
  return key
}

/** What the bearer of a key may do; undefined where that is no key. @throws Refusal FORBIDDEN */
export function accessOf(request: FastifyRequest, keys: ApiKeys | undefined, keyText: string): Access | undefined {
  if (keys?.required) return keys.verify(keyText)
  checkHost(request)
  return everybody
}

/**
 * A server without keys serves this machine alone. A page in a browser could reach it under a name of its own that leads to 127.0.0.1
 * (DNS rebinding), so such a name is refused.
 */
function checkHost(request: FastifyRequest): void {
  const host = request.hostname.replace(/^\[(.*)\]$/, '$1')
  if (host !== 'localhost' && isIP(host) === 0)
    throw new Refusal('FORBIDDEN', 'A server without API keys answers to localhost and to addresses only, not to other names.')
}

/** @throws QuiverError INVALID_ARGUMENT: others could reach the server there, and nobody needs a key */
export function checkAddress(host: string, keys: ApiKeys | undefined): void {
  if (keys?.required || isLoopback(host)) return
  throw new QuiverError(
    'INVALID_ARGUMENT',
    `Without API keys the server listens on loopback addresses only, not on ${host}: make a key first (quiver keys create).`,
    { details: { host } },
  )
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:[.]\d{1,3}){3}$/.test(host)
}
