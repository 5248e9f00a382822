import { expect } from 'vitest'
import type { VectorEngineOptions } from '../../vector-engine/config.js'
import type { DurableVectorEngine } from '../../vector-engine/durable/durable-vector-engine.js'
import type { VectorErrorKind } from '../../vector-engine/errors.js'
import type { VectorEngine } from '../../vector-engine/vector-engine.js'

type Awaitable<T> = {
  [K in keyof T]: T[K] extends (...given: infer A) => infer R ? (...given: A) => R | Promise<Awaited<R>> : T[K]
}

/** What the cases call: the methods that the engine in memory and the durable one share, whether they answer at once or by promises. */
export type EngineUnderTest = Awaitable<Omit<Pick<VectorEngine, keyof VectorEngine & keyof DurableVectorEngine>, 'config'>>

export interface EngineFactory {
  readonly name: string
  /** A new, empty engine; whoever makes it ends it after the tests. */
  create(config?: VectorEngineOptions): Promise<EngineUnderTest>
}

/** Awaits the refusal of a call, which may throw or reject. */
export async function refusalOf(call: () => unknown): Promise<unknown> {
  try {
    await call()
  } catch (error) {
    return error
  }
  expect.fail('the call was not refused')
}

export async function expectRefusal(
  call: () => unknown,
  kind: VectorErrorKind,
  details: Record<string, unknown> = {},
): Promise<void> {
  expect(await refusalOf(call)).toMatchObject({ name: 'VectorError', kind, details })
}

/** Keys and scores, to six digits. */
export function expectHits(
  hits: readonly { key: string; score: number }[],
  expected: readonly (readonly [string, number])[],
): void {
  expect(hits.map(({ key }) => key)).toEqual(expected.map(([key]) => key))
  hits.forEach(({ score }, i) => expect(score).toBeCloseTo(expected[i]![1], 6))
}

export const keysOf = (hits: readonly { key: string }[]): string[] => hits.map(({ key }) => key)
