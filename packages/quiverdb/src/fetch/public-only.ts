import dns from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import { QuiverError } from '../errors.js'
import { isPublicAddress } from './public-address.js'

/** @throws QuiverError INVALID_ARGUMENT: the URL names this machine or an address that is not public */
export function checkHost({ hostname }: URL): void {
  const host = hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')
  if (isIP(host) ? !isPublicAddress(host) : /(^|\.)(localhost|local|internal)$/i.test(host)) throw notPublic(host)
}

/**
 * Options for `fetch` that make it connect to public addresses only. The address is looked at when the connection is made: a name that
 * leads elsewhere the second time it is asked for is refused too.
 */
export async function publicConnections(url: URL): Promise<RequestInit> {
  const dispatcher = checkedDispatcher()
  if (dispatcher !== undefined) return { dispatcher } as RequestInit
  await lookUp(url.hostname)
  return {}
}

type Dispatcher = object
type DispatcherClass = new (options: { connect: { lookup: LookupFunction } }) => Dispatcher

let checked: Dispatcher | undefined

/** Node's `fetch` takes its connections from an agent of undici's, which is found under this name. */
function checkedDispatcher(): Dispatcher | undefined {
  if (checked !== undefined) return checked
  // It is there once something of `fetch` was used.
  void new Response()
  const agent = (globalThis as Record<symbol, unknown>)[Symbol.for('undici.globalDispatcher.1')] as Dispatcher | undefined
  // A program may have put another kind there, such as one for a proxy: then addresses are the proxy's business.
  if (agent?.constructor.name !== 'Agent') return undefined
  checked = new (agent.constructor as DispatcherClass)({ connect: { lookup: publicLookup } })
  return checked
}

const publicLookup: LookupFunction = (hostname, options, callback) => {
  dns.lookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error) return callback(error, '', 0)
    const bad = addresses.find(({ address }) => !isPublicAddress(address))
    if (bad) return callback(notPublic(hostname), '', 0)
    if (options.all) return callback(null, addresses)
    callback(null, addresses[0]!.address, addresses[0]!.family)
  })
}

/** @throws QuiverError INVALID_ARGUMENT */
async function lookUp(hostname: string): Promise<void> {
  // A name that is not found is for `fetch` to report.
  const addresses = await dns.promises.lookup(hostname.replace(/^\[|\]$/g, ''), { all: true }).catch(() => [])
  if (addresses.some(({ address }) => !isPublicAddress(address))) throw notPublic(hostname)
}

function notPublic(host: string): QuiverError {
  return new QuiverError(
    'INVALID_ARGUMENT',
    `"${host}" is this machine or part of a private network, which is not fetched from unless allowPrivateAddresses says so.`,
    { details: { host } },
  )
}
