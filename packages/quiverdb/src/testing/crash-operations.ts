import { randomSource } from '@quiverdb/testing'
import type { Fields, RecordInput } from '../collection/types.js'
import type { Database } from '../database/database.js'

/** The n-th thing that a crashing writer does. It follows from the number alone, so that whoever watches knows what was under way. */
export type CrashOperation =
  | { readonly kind: 'upsert'; readonly ids: readonly string[]; readonly paddingBytes: number }
  | { readonly kind: 'patch' | 'delete'; readonly ids: readonly string[] }
  /** Writes one record into each of both collections. */
  | { readonly kind: 'pair'; readonly ids: readonly string[] }
  | { readonly kind: 'name' }

export const crashCollections = ['one', 'two'] as const
const idsMax = 150
const dimensions = 6

export function crashOperation(number: number): CrashOperation {
  const random = randomSource(number * 7_919 + 1)
  const below = (limit: number): number => Math.floor(random() * limit)
  const some = (count: number): string[] => [...new Set(Array.from({ length: count }, () => `k${below(idsMax)}`))]
  const choice = random()
  if (choice < 0.35) return { kind: 'upsert', ids: some(1), paddingBytes: 0 }
  if (choice < 0.5) return { kind: 'upsert', ids: some(20), paddingBytes: 0 }
  if (choice < 0.6) return { kind: 'upsert', ids: some(50), paddingBytes: 3_000 }
  if (choice < 0.75) return { kind: 'patch', ids: some(3) }
  if (choice < 0.85) return { kind: 'delete', ids: some(8) }
  if (choice < 0.97) return { kind: 'pair', ids: some(1) }
  return { kind: 'name' }
}

export function crashVector(number: number, id: string): number[] {
  const random = randomSource(number * 1_000 + Number(id.slice(1)))
  return Array.from({ length: dimensions }, () => random() - 0.5)
}

function record(number: number, id: string, paddingBytes = 0): RecordInput {
  const said = `all of ${id} and ${'more '.repeat(number % 4)}`
  return { id, written: number, said, v: crashVector(number, id), ...(paddingBytes > 0 && { padding: '.'.repeat(paddingBytes) }) }
}

export async function performCrashOperation(db: Database, number: number): Promise<void> {
  const operation = crashOperation(number)
  const indexes = [{ field: 'v', dimensions }]
  const texts = [{ field: 'said', language: 'english' as const }]
  const [one] = await Promise.all(crashCollections.map((name) => db.collection(name, { indexes, texts })))
  switch (operation.kind) {
    case 'upsert':
      await one!.upsert(operation.ids.map((id) => record(number, id, operation.paddingBytes)))
      return
    case 'delete':
      await one!.delete(operation.ids)
      return
    case 'patch':
      return db.transaction(async (tx) => {
        const collection = tx.collection('one')
        for (const id of operation.ids) if (await collection.get(id)) await collection.update(id, { patched: number })
      })
    case 'pair':
      return db.transaction(async (tx) => {
        for (const name of crashCollections) await tx.collection(name).upsert(operation.ids.map((id) => record(number, id)))
      })
    case 'name':
      await db.commit(`operation ${number}`)
  }
}

export type CrashState = Readonly<Record<(typeof crashCollections)[number], ReadonlyMap<string, Fields>>>

/** What the collections hold when the n-th operation is done. */
export function afterCrashOperation(state: CrashState, number: number): CrashState {
  const operation = crashOperation(number)
  const [one, two] = [new Map(state.one), new Map(state.two)]
  if (operation.kind === 'name') return state
  for (const id of operation.ids) {
    const before = one.get(id)
    if (operation.kind === 'delete') one.delete(id)
    else if (operation.kind !== 'patch') one.set(id, record(number, id, operation.kind === 'upsert' ? operation.paddingBytes : 0))
    else if (before) one.set(id, { ...before, patched: number })
    if (operation.kind === 'pair') two.set(id, record(number, id))
  }
  return { one, two }
}

/** So small that within a second everything happens that happens behind a database. */
export const crashOptions = {
  tuning: {
    flushRows: 40,
    tailRowsMax: 50,
    graphRowsMin: 30,
    compactParts: 2,
    snapshotCommits: 10,
    backPressureRows: 120,
    idleMs: 20,
    collectEveryMs: 50,
  },
  retention: { versionsMs: 100, uploadMs: 2_000 },
}
