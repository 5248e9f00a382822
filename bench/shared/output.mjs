import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { dirname } from 'node:path'
import { isPinned } from './child.mjs'

/** @param {string} file @param {readonly object[]} rows */
export function writeRows(file, rows) {
  const machine = { node: process.version, cpu: cpus()[0]?.model ?? 'unknown', pinned: isPinned, time: new Date().toISOString() }
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(
    file,
    `${JSON.stringify(
      rows.map((row) => ({ ...row, ...machine })),
      null,
      1,
    )}\n`,
  )
  process.stdout.write(`\n${rows.length} rows in ${file}\n`)
}

/** @param {number} value @param {number} digits @returns {number} rounded, for rows that people read too */
export function rounded(value, digits) {
  return Number(value.toFixed(digits))
}

/** @param {string} text */
export function print(text) {
  process.stdout.write(`${text}\n`)
}

/** @param {string} text what is being done now */
export function progress(text) {
  process.stderr.write(`${text} ...\n`)
}
