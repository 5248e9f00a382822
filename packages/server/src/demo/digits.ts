import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { NpyReader } from '../cli/importers/npy.js'
import { ByteSource } from '../cli/importers/source.js'

/** A digit as it is stored. */
export type Digit = {
  id: string
  /** Which digit it is, 0 to 9. */
  label: number
  /** 28 x 28 values of 0 (paper) to 255 (ink), row by row. */
  pixels: Float32Array
}

const folder = new URL('../../demo-data/', import.meta.url)

/** The 10,000 digits to store. */
export async function readDigits(): Promise<Digit[]> {
  const labels = (await readFile(new URL('labels.txt', folder), 'utf8')).replace(/\s/g, '')
  const images = await readImages('digits.npy.gz')
  return images.map((pixels, at) => ({ id: `digit-${String(at).padStart(4, '0')}`, label: Number(labels[at]), pixels }))
}

/** The 200 digits to search with; none of them is stored, and what they are is not written down. */
export function readUnseen(): Promise<Float32Array[]> {
  return readImages('unseen.npy.gz')
}

async function readImages(name: string): Promise<Float32Array[]> {
  const source = await ByteSource.open(fileURLToPath(new URL(name, folder)))
  const images: Float32Array[] = []
  for await (const { record } of new NpyReader(source, { field: 'pixels' })) images.push(record['pixels'] as Float32Array)
  return images
}
