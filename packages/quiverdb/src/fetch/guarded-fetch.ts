import { QuiverError } from '../errors.js'
import { decodeBody } from './body-text.js'
import { checkHost, publicConnections } from './public-only.js'

export interface FetchOptions {
  /** Sent with each request; credentials only to the origin of the first. */
  headers?: Readonly<Record<string, string>>
  /** Further options of `fetch`. */
  init?: RequestInit
  /** Fetch from this machine and from private networks too. Default: false. */
  allowPrivateAddresses?: boolean
  /** Redirects that are followed. Default: 5. */
  redirectsMax?: number
  /** Size of the body as it is after decompression. Default: 16 MiB. */
  bytesMax?: number
  /** For all requests together, with their bodies. Default: 30,000. */
  timeoutMs?: number
  /** Looks at an answer before its body is read; what it throws ends the fetch. */
  check?: (response: Response) => void
  signal?: AbortSignal
}

export interface FetchedText {
  /** Where it was found in the end. */
  readonly url: string
  /** Such as `text/html`, in lower case and without parameters. Empty where the answer does not say. */
  readonly contentType: string
  readonly text: string
}

const redirectsMaxDefault = 5
const bytesMaxDefault = 16 * 1024 * 1024
const timeoutMsDefault = 30_000
const redirectStatuses = [301, 302, 303, 307, 308]
const credentialHeaders = /^(authorization|cookie|proxy-authorization|x-api-key|api-key)$/i

/**
 * Fetches the text at a URL that may come from anybody: over http and https only, from public addresses only, with limits to redirects, size
 * and time. Each redirect is looked at like the first URL.
 *
 * @throws QuiverError INVALID_ARGUMENT: no URL to fetch from; LIMIT_EXCEEDED: too large, or too many redirects; TIMEOUT; ABORTED; FETCH_FAILED
 *
 * @example
 * ```ts
 * const { text, contentType } = await guardedFetch('https://example.com/', { timeoutMs: 5000 })
 * ```
 */
export async function guardedFetch(url: string, options: FetchOptions = {}): Promise<FetchedText> {
  const { timeoutMs = timeoutMsDefault, signal, init } = options
  const stop = new AbortController()
  const late = new QuiverError('TIMEOUT', `${url} was not fetched within ${timeoutMs} ms.`, { details: { url } })
  const timer = setTimeout(() => stop.abort(late), timeoutMs)
  const followed = [signal, init?.signal].filter((one) => one != null)
  const follow = (): void => stop.abort(aborted(url, followed.find((one) => one.aborted)?.reason))
  for (const one of followed) one.addEventListener('abort', follow, { once: true })
  if (followed.some((one) => one.aborted)) follow()
  try {
    return await untilAborted(followRedirects(url, options, stop.signal), stop.signal)
  } catch (error) {
    if (stop.signal.aborted) throw stop.signal.reason
    throw error
  } finally {
    clearTimeout(timer)
    for (const one of followed) one.removeEventListener('abort', follow)
    stop.abort()
  }
}

async function followRedirects(first: string, options: FetchOptions, signal: AbortSignal): Promise<FetchedText> {
  const { redirectsMax = redirectsMaxDefault, bytesMax = bytesMaxDefault } = options
  const { origin } = checkedUrl(first)
  let url = first
  for (let redirects = 0; ; redirects++) {
    const response = await request(url, origin, options, signal)
    const target = redirectStatuses.includes(response.status) ? response.headers.get('location') : null
    if (target === null) {
      options.check?.(response)
      const type = response.headers.get('content-type') ?? ''
      const text = await decodeBody(response, type, bytesMax, url)
      return { url, contentType: type.split(';')[0]!.trim().toLowerCase(), text }
    }
    await response.body?.cancel()
    if (redirects === redirectsMax)
      throw new QuiverError('LIMIT_EXCEEDED', `${first} redirects more than ${redirectsMax} times.`, { details: { url: first } })
    url = checkedUrl(target, url).href
  }
}

async function request(url: string, origin: string, options: FetchOptions, signal: AbortSignal): Promise<Response> {
  const target = checkedUrl(url)
  const { allowPrivateAddresses = false, headers = {}, init } = options
  if (!allowPrivateAddresses) checkHost(target)
  const connections = allowPrivateAddresses ? {} : await publicConnections(target)
  const sent = Object.entries(headers).filter(([name]) => target.origin === origin || !credentialHeaders.test(name))
  try {
    return await fetch(url, { ...init, ...connections, headers: Object.fromEntries(sent), redirect: 'manual', signal })
  } catch (error) {
    const cause = (error as Error).cause
    if (cause instanceof QuiverError) throw cause
    throw fetchFailed(url, error)
  }
}

/** @throws QuiverError INVALID_ARGUMENT */
function checkedUrl(text: string, base?: string): URL {
  const url = URL.canParse(text, base) ? new URL(text, base) : undefined
  if (url !== undefined && /^https?:$/.test(url.protocol) && url.hostname !== '') return url
  throw new QuiverError('INVALID_ARGUMENT', `Only http and https URLs are fetched, not "${text}".`, { details: { url: text } })
}

function fetchFailed(url: string, error: unknown): QuiverError {
  const { message, cause } = error as { message?: string; cause?: { message?: string; code?: string } }
  const reason = cause?.message || cause?.code || message || String(error)
  return new QuiverError('FETCH_FAILED', `${url} could not be fetched: ${reason}`, { details: { url }, cause: error })
}

function aborted(url: string, cause: unknown): QuiverError {
  return new QuiverError('ABORTED', `Fetching ${url} was aborted.`, { cause })
}

/** What the work comes to, unless the signal fires first: not everything that answers a request heeds it. */
async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const stopped = new Promise<never>((_, reject) => {
    const stop = (): void => reject(signal.reason as Error)
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  })
  // Whichever loses is not waited for by anybody.
  stopped.catch(() => {})
  return Promise.race([work, stopped])
}
