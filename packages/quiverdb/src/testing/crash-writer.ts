import { writeSync } from 'node:fs'
import { open } from '../database/database.js'
import { crashOptions, performCrashOperation } from './crash-operations.js'

/** A process that writes, from an operation on, until it is killed. It prints the number of each one that was acknowledged. */
const [path, first] = process.argv.slice(2)
const db = await open(path!, crashOptions)
writeSync(1, 'ready\n')
for (let number = Number(first); ; number++) {
  await performCrashOperation(db, number)
  writeSync(1, `${number}\n`)
}
