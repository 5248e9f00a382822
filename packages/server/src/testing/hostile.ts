import fc from 'fast-check'
import { connect } from 'node:net'
import type { Answer, Serving } from './serving.js'

/** Bodies of any shape, in which names and values that mean something come up often. */
export function anyBody(names: readonly string[], values: readonly unknown[]): fc.Arbitrary<unknown> {
  const name = fc.constantFrom(...names)
  return fc.letrec((tie) => ({
    body: fc.oneof(
      { maxDepth: 4 },
      fc.dictionary(fc.oneof(name, fc.string({ maxLength: 5 })), tie('value'), { maxKeys: 5 }),
      tie('value'),
    ),
    value: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom(...values),
      fc.string({ maxLength: 10 }),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.array(tie('body'), { maxLength: 4 }),
      tie('body'),
    ),
  })).body
}

/** A body with one of its values, the `place`-th of all, replaced; or taken away, where there is no value. */
export function withChange(body: unknown, place: number, value: unknown): unknown {
  let left = place % sizeOf(body)
  const changed = (from: unknown): unknown => {
    if (left-- === 0) return value
    if (Array.isArray(from)) return from.map(changed)
    if (typeof from !== 'object' || from === null) return from
    return Object.fromEntries(Object.entries(from).map(([name, inner]) => [name, changed(inner)]))
  }
  return changed(body)
}

function sizeOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 1
  return Object.values(value).reduce<number>((sum, inner) => sum + sizeOf(inner), 1)
}

/** JSON of so many levels: lists, or objects by a name, around a value. */
export function nested(levels: number, name?: string, inside = name === undefined ? '' : '1'): string {
  return name === undefined
    ? '['.repeat(levels) + inside + ']'.repeat(levels)
    : `{${JSON.stringify(name)}:`.repeat(levels) + inside + '}'.repeat(levels)
}

/** Method and path of described routes. */
export function routesOf(paths: readonly (readonly [string, object])[]): [method: string, path: string][] {
  return paths.flatMap(([path, methods]) => Object.keys(methods).map((method): [string, string] => [method.toUpperCase(), path]))
}

/** A path with names in the places of its parameters. */
export function pathWith(template: string, names: readonly string[]): string {
  const left = [...names]
  return template.replaceAll(/\{\w+\}/g, () => encodeURIComponent(left.shift()?.toWellFormed() || 'x'))
}

/** Sends lines, and a body, as they are: a client would correct them. */
export function raw(on: Serving, head: string, body = ''): Promise<Answer> {
  const { hostname, port } = new URL(on.url)
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () =>
      socket.write(`${head}\r\nhost: localhost\r\nconnection: close\r\n\r\n${body}`),
    )
    let text = ''
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()))
    socket.on('error', reject)
    socket.on('close', () => {
      const [lines = '', answered = ''] = text.split('\r\n\r\n')
      resolve({
        status: Number(/^HTTP\/1.1 (\d+)/.exec(lines)?.[1]),
        headers: new Headers(),
        text: answered,
        get json() {
          return JSON.parse(answered)
        },
      })
    })
  })
}
