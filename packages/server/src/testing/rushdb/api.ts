import { afterAll, beforeAll } from 'vitest'
import { type Answer, serving, type Serving } from '../serving.js'

export type Wire = ReturnType<typeof JSON.parse>

/** RushDB's API of a server, as tests call it. */
export interface Api {
  /** Sends a request below `/api/v1`. */
  ask(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>
  /** What it answers as `data`. @throws Error it was no success */
  data(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Wire>
  /** The record, made anew. */
  create(label: string, data: object, more?: object): Promise<Wire>
  /** Records that match. */
  find(query: object): Promise<Wire[]>
  /** Their names, in the order of the answer. */
  names(query: object): Promise<string[]>
  /** The index of vectors that come from outside. */
  index(label: string, propertyName: string, dimensions: number, more?: object): Promise<Wire>
  /** An id that nothing has. */
  readonly nobody: string
}

/** That of a server which the tests of a file have for themselves. */
export function servedApi(): Api {
  let on: Serving
  beforeAll(async () => {
    on = await serving()
  })
  afterAll(() => on.close())
  return apiOf({ call: (...given) => on.call(...given) })
}

let labels = 0

/** A label that nothing has. */
export function newLabel(): string {
  return `L${labels++}`
}

export function apiOf(on: Pick<Serving, 'call'>, key?: string): Api {
  const ask: Api['ask'] = (method, path, body, headers) =>
    on.call(method, `/api/v1${path}`, {
      ...(body !== undefined && { body }),
      ...(key !== undefined && { key }),
      ...(headers && { headers }),
    })
  const data: Api['data'] = async (...parameters) => {
    const { status, text, json } = await ask(...parameters)
    if (status >= 300) throw new Error(`${parameters[0]} ${parameters[1]}: ${text}`)
    return json.data
  }
  const find: Api['find'] = (query) => data('POST', '/records/search', query)
  return {
    ask,
    data,
    create: (label, fields, more) => data('POST', '/records', { label, data: fields, ...more }),
    find,
    names: async (query) => (await find(query)).map(({ name }: { name: string }) => name),
    index: (label, propertyName, dimensions, more) =>
      data('POST', '/ai/indexes', { label, propertyName, sourceType: 'external', dimensions, ...more }),
    nobody: '0190b5a0-0000-7000-8000-000000000001',
  }
}

/** An error in the shape of this API. */
export function refusal(statusCode: number, message: string | RegExp, error?: string): object {
  return {
    statusCode,
    message: { asymmetricMatch: (said: unknown) => typeof said === 'string' && said.match(message) !== null },
    ...(error !== undefined && { error }),
  }
}
