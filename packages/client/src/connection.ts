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
  readonly signal?: AbortSignal | undefined
  /**
   * Whether the call may be repeated when it is not known whether the server did it. Reads, and writes that name their records, come to the same;
   * a write that makes ids, or that counts what it changed, does not.
   */
  readonly repeatable: boolean
}

/** One server, asked by `fetch`. */
export class Connection {
  readonly #url: string
  readonly #headers: Record<string, string>
  readonly #retries: number
  readonly #fetch: typeof fetch

  constructor(url: string, { key, retries = retriesDefault, headers = {}, fetch: own = globalThis.fetch }: ClientOptions) {
    this.#url = url.replace(/\/+$/, '')
    this.#headers = { ...headers, ...(key !== undefined && { authorization: `Bearer ${key}` }) }
    this.#retries = retries
    // Called as a function: a browser's fetch refuses another `this`.
    this.#fetch = (...parameters) => own(...parameters)
  }

  /** The answer's JSON. @throws QuiverClientError */
  async json<R>(call: Call): Promise<R> {
    const body = call.body === undefined ? undefined : JSON.stringify(call.body)
    for (let tries = 0; ; tries++) {
      try {
        const answer = await this.send(call, body, 'application/json')
        return (await answer.json()) as R
      } catch (error) {
        if (tries >= this.#retries || call.signal?.aborted || !mayRepeat(error, call.repeatable)) throw asClientError(error)
        await delay(retryAfterMs(error) ?? retryDelayMs * 2 ** tries, call.signal)
      }
    }
  }

  /** The answer itself, once. @throws QuiverClientError: its status is no success */
  async send({ method, path, signal }: Call, body: RequestInit['body'], type: string): Promise<Response> {
    const headers = { ...this.#headers, ...(body !== undefined && { 'content-type': type }) }
    const streaming = body instanceof ReadableStream ? { duplex: 'half' } : {}
    let answer: Response
    try {
      answer = await this.#fetch(this.#url + path, { method, headers, body, signal, ...streaming } as RequestInit)
    } catch (cause) {
      if (signal?.aborted) throw new QuiverClientError('ABORTED', 'The call was stopped by its signal.', { cause })
      throw new QuiverClientError('UNREACHABLE', `The server at ${this.#url} did not answer.`, { cause })
    }
    if (answer.ok) return answer
    throw await problemIn(answer)
  }
}

async function problemIn(answer: Response): Promise<QuiverClientError> {
  const text = await answer.text().catch(() => '')
  const { status } = answer
  const retryAfter = answer.headers.get('retry-after')
  try {
    const { error, requestId } = JSON.parse(text) as {
      error: { code: string; message: string; details: Record<string, unknown> }
      requestId: string
    }
    const details = retryAfter === null ? error.details : { ...error.details, retryAfterMs: Number(retryAfter) * 1000 }
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
