import { writeSync } from 'node:fs'
import { LocalIndex } from '../../vectra/index.js'
import { crashItem } from './crash-items.js'

/** A process that inserts items, from a number on, until it is killed. It prints the number of each one that was acknowledged. */
const [folder, first, journal] = process.argv.slice(2)
const options = { journal: journal === 'journal' && { sizeBytesMax: 20_000 } }
const index = new LocalIndex(folder!, undefined, undefined, undefined, options)
await index.getIndexStats()
writeSync(1, 'ready\n')
for (let number = Number(first); ; number++) {
  await index.upsertItem(crashItem(number))
  writeSync(1, `${number}\n`)
}
