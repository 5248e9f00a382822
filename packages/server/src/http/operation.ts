import type { Static } from 'typebox'
import { QuiverError, type Transaction } from 'quiverdb'
import type { operation } from './schemas/writes.js'
import { unpackRecord, vectorOf } from './vectors.js'

type Operation = Static<typeof operation>

/** Does one operation of a transaction and says what it did. @throws QuiverError CONFLICT: an expectation is not met; and those of the library */
export async function runOperation(tx: Transaction, operation: Operation): Promise<object> {
  const collection = tx.collection(operation.collection)
  switch (operation.op) {
    case 'upsert':
      return { ids: await collection.upsert(operation.records.map(unpackRecord)) }
    case 'update':
      if ('where' in operation)
        return { updated: await collection.update({ where: operation.where, set: unpackRecord(operation.set) }) }
      await collection.update(operation.id, unpackRecord(operation.set))
      return { updated: 1 }
    case 'delete':
      return { deleted: await collection.delete('where' in operation ? { where: operation.where } : operation.ids) }
    case 'setVectors': {
      const items = operation.items.map(({ id, vector }, at) => ({
        id,
        vector: vector === null ? null : vectorOf(vector, `items.${at}.vector`),
      }))
      await collection.setVectors(operation.index, items)
      return {}
    }
    case 'expect': {
      const { where, count: expected } = operation
      const actual = await collection.count({ where })
      if (actual !== expected)
        throw new QuiverError(
          'CONFLICT',
          `Expected ${expected} matching records in '${operation.collection}', found ${actual}. Nothing was written.`,
          {
            details: { expected, actual },
          },
        )
      return {}
    }
  }
}
