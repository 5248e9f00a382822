// `npm run test:vectra`: runs the specs inside npm's package `vectra` against quiverdb/vectra, and our own on folders that both have written.
// With --outputFile=<path> the counts are written there, as Vitest writes them; --grep=<text> runs some.
import Mocha from 'mocha'
import { readdirSync, writeFileSync } from 'node:fs'
import Module, { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const timeoutMs = 10_000
/** The specs of the watcher wait 40 ms for files to be written, which a busy machine does not keep to. */
const retries = 3
/** Vectra's gRPC server, and what its command line writes for clients of it, are not part of quiverdb/vectra. */
const notOurs = /^(server[/\\]|vectra-cli)/

const { outputFile, grep } = parseArgs({ options: { outputFile: { type: 'string' }, grep: { type: 'string' } } }).values
const here = dirname(fileURLToPath(import.meta.url))
const built = join(here, '../dist/vectra')
const specs = dirname(createRequire(import.meta.url).resolve('vectra'))

redirect(await facade())
const mocha = new Mocha({ timeout: timeoutMs, retries, reporter: process.env.CI ? 'dot' : 'spec', ...(grep && { grep }) })
for (const path of readdirSync(specs, { recursive: true }).sort())
  if (path.endsWith('.spec.js') && !notOurs.test(path)) mocha.addFile(join(specs, path))
for (const name of readdirSync(here).sort()) if (name.endsWith('.spec.mjs')) mocha.addFile(join(here, name))
await mocha.loadFilesAsync()

const failures = []
let passed = 0
const runner = mocha.run(() => {
  for (const title of failures) process.stdout.write(`failed: ${title}\n`)
  process.stdout.write(`${passed} passed, ${failures.length} failed\n`)
  if (outputFile) {
    const counts = { numPassedTests: passed, numFailedTests: failures.length, testResults: [] }
    writeFileSync(outputFile, JSON.stringify(counts))
  }
  // Specs leave watchers behind.
  process.exit(failures.length === 0 ? 0 : 1)
})
runner.on('pass', () => passed++)
runner.on('fail', (test) => failures.push(test.fullTitle()))

/** Every file that the specs import, in one: our exports, and the three things that they know but Vectra does not export. */
async function facade() {
  const ours = await Promise.all(
    ['index.js', 'content-hash.js', 'transformers-loader.js'].map((name) => import(join(built, name))),
  )
  // `import path from './utils/pathUtils'`; the namespaces stay live.
  const all = { __esModule: true, default: ours[0].pathUtils }
  for (const module of ours)
    for (const name of Object.keys(module)) Object.defineProperty(all, name, { enumerable: true, get: () => module[name] })
  return all
}

/** Gives the specs ours where they ask for what lies beside them. */
function redirect(exports) {
  const load = Module._load
  Module._load = function (request, parent, ...rest) {
    const isAsked = parent?.filename?.endsWith('.spec.js') && !relative(specs, parent.filename).startsWith('..')
    return isAsked && /^[.]{1,2}[/]/.test(request) ? exports : load.call(this, request, parent, ...rest)
  }
}
