// Question: what do durable writes cost, beside the least that a disk asks for the same bytes?
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { quiver } from '../engines/quiver.mjs'
import { cacheFolder } from '../shared/folders.mjs'
import { print, progress, rounded } from '../shared/output.mjs'
import { median } from '../shared/statistics.mjs'
import { number, table } from '../shared/table.mjs'
import { batches, batchesInFlight, concurrent, singles } from './workloads.mjs'

const rounds = 3
const workloads = [batches, batchesInFlight, singles, concurrent]
const folder = join(cacheFolder, 'ingest')

/** @param {import('../shared/arguments.mjs').BenchOptions} options @returns {Promise<object[]>} */
export async function run({ quick }) {
  const library = await import('quiverdb')
  const rows = []
  for (const workload of workloads) rows.push(...(await measured(workload, library, quick ? 1 : rounds)))
  print('\n# Durable writes, searchable when acknowledged, 128 dimensions\n')
  print(summary(rows))
  return rows
}

/** Two rows: Quiver's and the plain files', each the median of the rounds. */
async function measured(workload, library, rounds) {
  const results = []
  for (let round = 1; round <= rounds; round++) {
    progress(`Round ${round}: ${workload.name}`)
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder, { recursive: true })
    results.push(await workload(library, folder))
  }
  rmSync(folder, { recursive: true, force: true })

  const { what, writes, plainWhat } = results[0]
  const of = (key) => median(results.map((result) => result[key]))
  const ratio = median(results.map((result) => result.seconds / result.plainSeconds))
  const label = { bench: 'ingest', workload: workload.name, rounds }
  const row = (seconds) => ({ seconds: rounded(seconds, 3), writesPerS: rounded(writes / seconds, 1) })
  return [
    {
      ...label,
      engine: quiver.name,
      version: quiver.version(),
      variant: what,
      ...row(of('seconds')),
      timesPlain: rounded(ratio, 2),
      commits: of('commits'),
      settledS: rounded(of('settledS'), 2),
      fileMb: rounded(of('fileMb'), 1),
    },
    { ...label, engine: 'plain files', version: '-', variant: plainWhat, ...row(of('plainSeconds')) },
  ]
}

function summary(rows) {
  const lines = rows.map((row) => [
    row.engine,
    row.variant,
    number(row.seconds, 3),
    number(row.writesPerS),
    number(row.timesPlain, 2),
    number(row.commits),
    number(row.settledS, 1),
    number(row.fileMb, 1),
  ])
  return table(['engine', 'what', 'seconds', 'records/s', 'x plain', 'commits', 'settled s', 'file MB'], lines)
}
