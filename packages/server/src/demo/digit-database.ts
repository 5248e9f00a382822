import { type Collection, type CollectionVersion, type Database, open } from 'quiverdb'

type DigitFields = { label: number; pixels: Float32Array }

export type DigitCollection = Collection<DigitFields>

/** A collection of digits, as it is or as it was. */
export type ReadableDigits = DigitCollection | CollectionVersion<DigitFields>

/** What a search of the demo brings along; the pixels are at hand already. */
export const fields = ['label']

/** Opens the database of the demo, in this process or in the second one. */
export async function openDigits(folder: string): Promise<{ db: Database; digits: DigitCollection }> {
  const db = await open(folder)
  const digits = await db.collection<DigitFields>('digits', { indexes: [{ field: 'pixels', dimensions: 784, metric: 'l2' }] })
  return { db, digits }
}
