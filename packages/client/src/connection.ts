import { QuiverClientError } from './error.js'

const retriesDefault = 2
const retryDelayMs = 100
const retryDelayMsMax = 5_000
/** Answers that say: not now. Nothing was done. */
const busy: readonly number[] = [429, 503]

export interface ClientOptions {
  /** An API key: `quiver_...`. */
  key?: string
  /** How often a call is repeated that is safe to repeat, after waiting a little longer each time. Default: 2. */
  retries?: number
  /** How long one try may take, in milliseconds; exports and imports may take longer. Default: no bound. */
  timeoutMs?: number
  /** Sent with every request. */
  headers?: Record<string, string>
  /** Default: the global `fetch`. */
  fetch?: typeof fetch
}

export interface Call {
  readonly method: string
  /** Below the URL of the server, with its query. */
  readonly path: string
  readonly body?: unknown
  readonly headers?: Record<string, string> | undefined
  readonly signal?: AbortSignal | undefined
  /**
   * Whether the call may be repeated when it is not known whether the server did it. Reads, and writes that name their records, come to the same;
   * a write that makes ids, or that counts what it changed, does not.
   */
  readonly repeatable: boolean
}

/** An answer that is no success. */
export interface Failed {
  readonly status: number
  readonly text: string
  /** What the server said to wait for, in milliseconds. */
  readonly retryAfterMs: number | undefined
}

/** One server, asked by `fetch`. */
export class Connection {
  readonly #url: string
  readonly #headers: Record<string, string>
  readonly #retries: number
  readonly #timeoutMs: number | undefined
  readonly #fetch: typeof fetch
  readonly #errorOf: (failed: Failed) => QuiverClientError

  /** @param errorOf reads what an API answers instead of a success; default: that of the native one */
  constructor(url: string, options: ClientOptions, errorOf = nativeErrorOf) {
    const { key, retries = retriesDefault, headers = {}, fetch: own = globalThis.fetch, timeoutMs } = options
    this.#url = url.replace(/\/+$/, '')
    this.#headers = { ...headers, ...(key !== undefined && { authorization: `Bearer ${key}` }) }
    this.#retries = retries
    this.#timeoutMs = timeoutMs
    // Called as a function: a browser's fetch refuses another `this`.
    this.#fetch = (...parameters) => own(...parameters)
    this.#errorOf = errorOf
  }

  /** The answer's JSON. @throws QuiverClientError */
  async json<R>(call: Call): Promise<R> {
    const body = call.body === undefined ? undefined : JSON.stringify(call.body)
    for (let tries = 0; ; tries++) {
      try {
        return await this.#once<R>(call, body)
      } catch (error) {
        if (tries >= this.#retries || call.signal?.aborted || !mayRepeat(error, call.repeatable)) throw asClientError(error)
        await delay(retryAfterMs(error) ?? retryDelayMs * 2 ** tries, call.signal)
      }
    }
  }

  /** The answer itself, once. @throws QuiverClientError: its status is no success */
  async send({ method, path, signal, headers: own }: Call, body: RequestInit['body'], type: string): Promise<Response> {
    const headers = { ...this.#headers, ...own, ...(body !== undefined && { 'content-type': type }) }
    const streaming = body instanceof ReadableStream ? { duplex: 'half' } : {}
    let answer: Response
    try {
      answer = await this.#fetch(this.#url + path, { method, headers, body, signal, ...streaming } as RequestInit)
    } catch (cause) {
      if (signal?.aborted) throw new QuiverClientError('ABORTED', 'The call was stopped by its signal.', { cause })
      throw new QuiverClientError('UNREACHABLE', `The server at ${this.#url} did not answer.`, { cause })
    }
    if (answer.ok) return answer
    const retryAfter = answer.headers.get('retry-after')
    throw this.#errorOf({
      status: answer.status,
      text: await answer.text().catch(() => ''),
      retryAfterMs: retryAfter === null ? undefined : Number(retryAfter) * 1000,
    })
  }

  async #once<R>(call: Call, body: string | undefined): Promise<R> {
    const late = this.#timeoutMs === undefined ? undefined : AbortSignal.timeout(this.#timeoutMs)
    const signal = late && call.signal ? AbortSignal.any([late, call.signal]) : (late ?? call.signal)
    try {
      const answer = await this.send({ ...call, signal }, body, 'application/json')
      return (await answer.json()) as R
    } catch (cause) {
      if (!late?.aborted || call.signal?.aborted) throw cause
      throw new QuiverClientError('TIMEOUT', `The server did not answer within ${this.#timeoutMs} ms.`, { cause })
    }
  }
}

function nativeErrorOf({ status, text, retryAfterMs }: Failed): QuiverClientError {
  try {
    const { error, requestId } = JSON.parse(text) as {
      error: { code: string; message: string; details: Record<string, unknown> }
      requestId: string
    }
    const details = retryAfterMs === undefined ? error.details : { ...error.details, retryAfterMs }
    return new QuiverClientError(error.code, error.message, { status, details, requestId })
  } catch {
    return new QuiverClientError('INTERNAL', `The answer ${status} is not that of a Quiver server: ${text.slice(0, 200)}`, {
      status,
    })
  }
}

/** After a refusal because of the time nothing was done. After a connection that broke, or a failure of the server, it may have been. */
function mayRepeat(error: unknown, repeatable: boolean): boolean {
  if (!(error instanceof QuiverClientError)) return repeatable
  if (busy.includes(error.status)) return true
  return repeatable && (error.code === 'UNREACHABLE' || error.code === 'COMMIT_UNKNOWN')
}

function asClientError(error: unknown): QuiverClientError {
  if (error instanceof QuiverClientError) return error
  return new QuiverClientError('UNREACHABLE', 'The answer ended before it was whole.', { cause: error })
}

function retryAfterMs(error: unknown): number | undefined {
  const wanted = error instanceof QuiverClientError ? error.details['retryAfterMs'] : undefined
  return typeof wanted === 'number' && wanted <= retryDelayMsMax ? wanted : undefined
}

function delay(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer)
      reject(new QuiverClientError('ABORTED', 'The call was stopped by its signal.'))
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop)
      resolve()
    }, milliseconds)
    signal?.addEventListener('abort', stop, { once: true })
  })
}
