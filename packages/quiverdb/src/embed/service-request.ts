import { QuiverError } from '../errors.js'
import { throwIfAborted } from './abort.js'
import { embedderFailed, isPassing, quoted, retryAfterMs } from './failure.js'

/** Where an embeddings service is and how it is spoken to. */
export interface Service {
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly timeoutMs: number
}

/** @throws QuiverError INVALID_ARGUMENT; the message never repeats the URL, which may hold a password */
export function serviceUrl(text: string, option: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const problem =
    url === undefined || !/^https?:$/.test(url.protocol)
      ? 'must be an http or https URL'
      : url.username || url.password
        ? 'must not hold a user name or password; give them as a header'
        : undefined
  if (url && problem === undefined) return url
  throw new QuiverError('INVALID_ARGUMENT', `The option '${option}' ${problem}.`, { details: { path: option } })
}

/** Posts JSON and reads JSON. @throws QuiverError EMBEDDER_FAILED, ABORTED */
export async function postJson(service: Service, body: unknown, signal: AbortSignal | undefined): Promise<unknown> {
  const { timeoutMs } = service
  const stop = new AbortController()
  const follow = (): void => stop.abort(signal?.reason)
  throwIfAborted(signal)
  signal?.addEventListener('abort', follow, { once: true })
  const late = embedderFailed(`${placeOf(service)} did not answer within ${timeoutMs} ms.`, { retryable: true })
  const timer = setTimeout(() => stop.abort(late), timeoutMs)
  try {
    return await exchange(service, body, stop.signal)
  } catch (error) {
    throwIfAborted(signal)
    if (stop.signal.aborted) throw late
    throw error
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', follow)
  }
}

async function exchange(service: Service, body: unknown, signal: AbortSignal): Promise<unknown> {
  const { url, headers } = service
  let response: Response
  let text: string
  try {
    // A redirect would carry the key to a place that nobody named.
    response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body), redirect: 'manual', signal })
    text = await response.text()
  } catch (error) {
    const reason = quoted(reasonOf(error), secretsOf(service))
    throw embedderFailed(`${placeOf(service)} cannot be reached: ${reason}.`, { retryable: true })
  }
  if (!response.ok) throw refusal(service, response, text)
  try {
    return JSON.parse(text)
  } catch {
    throw embedderFailed(`${placeOf(service)} answered with something that is not JSON.`, {
      status: response.status,
      retryable: false,
    })
  }
}

function refusal(service: Service, response: Response, text: string): QuiverError {
  const { status } = response
  if (status < 400) {
    return embedderFailed(`${placeOf(service)} answered with a redirect (status ${status}); give the URL that it leads to.`, {
      status,
      retryable: false,
    })
  }
  const { message, code } = complaint(text)
  const wait = retryAfterMs((name) => response.headers.get(name))
  // A used-up quota has the status of a rate limit, but no waiting helps.
  const retryable = isPassing(status) && code !== 'insufficient_quota'
  const words = quoted(message, secretsOf(service))
  return embedderFailed(`${placeOf(service)} answered with status ${status}${words ? `: ${words}` : ''}.`, {
    status,
    retryable,
    ...(wait !== undefined && { retryAfterMs: wait }),
  })
}

/** What an error body says: `{ error: { message, code } }`, `{ error }`, `{ message }` or plain text. */
function complaint(text: string): { message: string; code?: unknown } {
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    return { message: /^\s*</.test(text) ? '' : text }
  }
  const outer = (body ?? {}) as { error?: unknown; message?: unknown }
  const inner = (typeof outer.error === 'object' && outer.error !== null ? outer.error : outer) as {
    message?: unknown
    code?: unknown
  }
  const message: unknown = [inner.message, outer.error, outer.message].find((one) => typeof one === 'string')
  return { message: typeof message === 'string' ? message : '', code: inner.code }
}

/** Without the query, which may hold a key. */
function placeOf({ url }: Service): string {
  return `The embeddings service at ${url.origin}${url.pathname}`
}

function reasonOf(error: unknown): string {
  const { message, cause } = error as { message?: unknown; cause?: { message?: unknown; code?: unknown } }
  const inner = cause?.message || cause?.code
  return String(inner ?? message ?? error)
}

function secretsOf({ url, headers }: Service): string[] {
  const values = Object.entries(headers)
    .filter(([name]) => !/^(content-type|accept|user-agent)$/i.test(name))
    .map(([, value]) => value.replace(/^Bearer /, ''))
  return [...values, ...url.searchParams.values()].filter((value) => value.length >= secretLengthMin)
}

/** Shorter ones are versions and names rather than keys, and would blot out half of a message. */
const secretLengthMin = 6
