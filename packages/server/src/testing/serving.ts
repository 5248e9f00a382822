import { open } from 'quiverdb'
import type { Database, OpenOptions } from 'quiverdb'
import type { ServerOptions } from '../http/options.js'
import { createServer, type QuiverServer } from '../http/server.js'

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** The body as JSON. */
  readonly json: ReturnType<typeof JSON.parse>
}

export interface CallOptions {
  /** Given as JSON, texts as they are. */
  readonly body?: unknown
  readonly type?: string
  readonly key?: string
  readonly headers?: Record<string, string>
}

/** A server over a database in memory, and a way to call it. */
export interface Serving {
  readonly db: Database
  readonly server: QuiverServer
  readonly url: string
  call(method: string, path: string, options?: CallOptions): Promise<Answer>
  close(): Promise<void>
}

export const papersPath = '/v1/namespaces/default/collections/papers'

export async function serving(
  options: ServerOptions = {},
  { database = 'memory:', ...openOptions }: OpenOptions & { database?: string } = {},
): Promise<Serving> {
  const db = await open(database, openOptions)
  const server = await createServer(db, { logLevel: 'silent', ...options })
  const url = await server.listen({ port: 0 })
  return {
    db,
    server,
    url,
    call: (method, path, callOptions) => call(url + path, method, callOptions),
    async close() {
      await server.close()
      await db.close()
    },
  }
}

async function call(
  url: string,
  method: string,
  { body, type = 'application/json', key, headers }: CallOptions = {},
): Promise<Answer> {
  const answer = await fetch(url, {
    method,
    headers: {
      ...(body !== undefined && { 'content-type': type }),
      ...(key !== undefined && { authorization: `Bearer ${key}` }),
      ...headers,
    },
    ...(body !== undefined && {
      body: typeof body === 'string' || body instanceof Uint8Array ? (body as string) : JSON.stringify(body),
    }),
  })
  const text = await answer.text()
  return {
    status: answer.status,
    headers: answer.headers,
    text,
    get json() {
      return JSON.parse(text)
    },
  }
}

type DescribedPath = [path: string, methods: Record<string, { description?: string }>]

/** What a server says of its own routes: all of `/openapi.json` but `/api/v1`, which is another API. */
export async function nativePaths(on: Serving): Promise<DescribedPath[]> {
  return (await describedPaths(on)).filter(([path]) => !path.startsWith('/api/v1'))
}

/** What it says of RushDB's routes. */
export async function rushPaths(on: Serving): Promise<DescribedPath[]> {
  return (await describedPaths(on)).filter(([path]) => path.startsWith('/api/v1'))
}

async function describedPaths(on: Serving): Promise<DescribedPath[]> {
  const { json } = await on.call('GET', '/openapi.json')
  return Object.entries(json.paths as Record<string, DescribedPath[1]>)
}

/** The numbers as base64 of little-endian float32. */
export function packed(numbers: readonly number[]): string {
  return Buffer.from(Float32Array.from(numbers).buffer).toString('base64')
}
