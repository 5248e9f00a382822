// Question: what does HTTP cost above the database itself?
import { join } from 'node:path'
import { builtIndex } from '../engines/built-index.mjs'
import { quiver } from '../engines/quiver.mjs'
import { chosenSets } from '../sets/chosen-sets.mjs'
import { queriesOf } from '../sets/sets.mjs'
import { withChild } from '../shared/child.mjs'
import { cacheFolder } from '../shared/folders.mjs'
import { print, progress, rounded } from '../shared/output.mjs'
import { number, table } from '../shared/table.mjs'
import { verdictTable } from '../shared/verdicts.mjs'
import { load } from './load.mjs'

const rounds = 5
const seconds = 2
const quickSeconds = 1
const warmUpSeconds = 1
const many = 32
const importRows = 100_000
const quickImportRows = 5_000
const importDimensions = 384
const path = '/v1/namespaces/default/collections/vectors'
/** What is wanted: added to the engine's median, in medians of the empty route; of the engine's own searches a second; and records a second. */
const targets = { timesEmpty: 4, shareOfEngine: 0.5, importPerSecond: 10_000 }

/** @param {import('../shared/arguments.mjs').BenchOptions} options @returns {Promise<object[]>} */
export async function run(options) {
  const [info] = chosenSets(options, ['mnist'])
  const { folder } = await builtIndex(quiver, info, options)
  const queries = queriesOf(info).list()
  const rows = await withChild(['http/server-process.mjs', { folder }], (child) => requests(child, queries, options.quick))
  rows.push(...(await upserts(queries, options.quick)))
  rows.push(...(await imports(options.quick ? quickImportRows : importRows)))
  print('\n# Over HTTP on loopback, the server on one core and the load on another\n')
  print(summary(rows))
  print(`\n${verdictTable(verdicts(rows))}`)
  return rows
}

async function requests(child, queries, quick) {
  const { url, emptyUrl } = await child.ask('open')
  const kinds = kindsOf(queries, url, emptyUrl)
  const duration = quick ? quickSeconds : seconds
  const plain = queries.map((query) => [...query])
  // What is read at the first search is read before anything is timed.
  await child.ask('engine', { queries: plain, seconds: warmUpSeconds })
  for (const { target, ...sent } of kinds) await load(target, { ...sent, connections: 4, seconds: warmUpSeconds })
  const rows = []
  const measured = new Map()
  for (let round = 1; round <= (quick ? 1 : rounds); round++) {
    progress(`Round ${round}`)
    note(measured, 'the engine itself', 1, await child.ask('engine', { queries: plain, seconds: duration }))
    for (const connections of [1, many])
      for (const { what, target, ...sent } of kinds)
        note(measured, what, connections, await load(target, { ...sent, connections, seconds: duration }))
  }
  for (const { what, connections, results } of measured.values()) rows.push(rowOf(what, connections, results))
  return rows
}

function note(measured, what, connections, result) {
  const key = `${what} ${connections}`
  const known = measured.get(key) ?? { what, connections, results: [] }
  known.results.push(result)
  measured.set(key, known)
}

/** Durable writes of one record each, into a new database. */
async function upserts(queries, quick) {
  const records = queries.map((query, i) =>
    JSON.stringify({ records: [{ id: `new${i}`, $packed: { embedding: packed(query) } }] }),
  )
  const sent = { method: 'POST', bodies: records, seconds: quick ? quickSeconds : seconds }
  return withChild(['http/server-process.mjs', { folder: join(cacheFolder, 'http'), fresh: true }], async (child) => {
    const { url } = await child.ask('open')
    const target = `${url}/v1/namespaces/default/collections/written`
    const indexes = [{ field: 'embedding', dimensions: queries[0].length, metric: 'l2' }]
    await fetch(target, { method: 'PUT', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ indexes }) })
    const rows = []
    for (const connections of [1, many])
      rows.push(rowOf('upsert of one', connections, [await load(`${target}/records`, { ...sent, connections })]))
    return rows
  })
}

/** The best of the rounds: other work on the machine only ever takes away. */
function rowOf(what, connections, results) {
  const of = (key, best) => rounded(best(...results.map((result) => result[key])), 1)
  const latencies = { p50Us: of('p50Us', Math.min), p99Us: of('p99Us', Math.min) }
  return { bench: 'http', engine: 'quiver', what, connections, perSecond: of('perSecond', Math.max), ...latencies }
}

function packed(query) {
  return Buffer.from(Float32Array.from(query).buffer).toString('base64')
}

/** What is asked, and how it is sent. */
function kindsOf(queries, url, emptyUrl) {
  const search = (vector) => JSON.stringify({ vector, limit: 10, fields: [] })
  return [
    { what: 'empty route', target: `${emptyUrl}/` },
    {
      what: 'search, packed',
      target: `${url}${path}/search`,
      method: 'POST',
      bodies: queries.map((query) => search(packed(query))),
    },
    { what: 'search, list', target: `${url}${path}/search`, method: 'POST', bodies: queries.map((query) => search([...query])) },
  ]
}

async function imports(rows) {
  const folder = join(cacheFolder, 'http')
  const seconds = { packed: 0, list: 0 }
  for (const form of Object.keys(seconds)) {
    progress(`Importing ${number(rows)} records, vectors as ${form}`)
    seconds[form] = await withChild(['http/server-process.mjs', { folder, fresh: true }, { cores: 'all' }], async (server) => {
      const { url } = await server.ask('open')
      const sender = ['http/import-process.mjs', { url, dimensions: importDimensions, rows }, { cores: 'all' }]
      return withChild(sender, (child) => child.ask('import', { collection: form, packed: form === 'packed' }))
    })
  }
  return Object.entries(seconds).map(([form, taken]) => ({
    bench: 'http',
    engine: 'quiver',
    what: `import ${number(rows)} x ${importDimensions}, ${form}`,
    connections: 1,
    perSecond: rounded(rows / taken, 1),
  }))
}

function verdicts(rows) {
  const of = (what, connections, key = 'perSecond') =>
    rows.find((row) => row.what.startsWith(what) && row.connections === connections)?.[key]
  return [
    {
      what: 'added to a search at p50, x empty route',
      of: '1 connection, packed',
      measured: (of('search, packed', 1, 'p50Us') - of('the engine itself', 1, 'p50Us')) / of('empty route', 1, 'p50Us'),
      wanted: targets.timesEmpty,
      atMost: true,
    },
    {
      what: 'searches/s, x the engine itself',
      of: `${many} connections, packed`,
      measured: of('search, packed', many) / of('the engine itself', 1),
      wanted: targets.shareOfEngine,
    },
    {
      what: 'records/s imported',
      of: 'packed',
      measured: rows.find(({ what }) => what.endsWith(', packed') && what.startsWith('import'))?.perSecond,
      wanted: targets.importPerSecond,
    },
    {
      what: 'records/s imported',
      of: 'list',
      measured: rows.find(({ what }) => what.endsWith(', list') && what.startsWith('import'))?.perSecond,
      wanted: targets.importPerSecond,
    },
  ]
}

function summary(rows) {
  const lines = rows.map((row) => [
    row.what,
    String(row.connections),
    number(row.perSecond),
    number(row.p50Us),
    number(row.p99Us),
  ])
  return table(['what', 'connections', 'per second', 'p50 us', 'p99 us'], lines)
}
