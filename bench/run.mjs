// `npm run bench -- <name> [options]`: installs and builds what is missing, then runs one bench. See README.md.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { benchOptions } from './shared/arguments.mjs'
import { BenchError } from './shared/errors.mjs'
import { benchFolder, rootFolder } from './shared/folders.mjs'
import { writeRows } from './shared/output.mjs'

const reasonLines = 5

try {
  const options = benchOptions(process.argv.slice(2))
  if (options.setup) {
    setUpQuiver()
    installPeers()
  }
  const rows = []
  for (const name of options.names) rows.push(...(await bench(name, options)))
  writeRows(options.out, rows)
} catch (error) {
  if (!(error instanceof BenchError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
}

/** A bench that fails as a whole does not keep others from running, but the run has failed. */
async function bench(name, options) {
  try {
    const { run } = await import(`./${name}/${name}.mjs`)
    return await run(options)
  } catch (error) {
    if (options.names.length === 1) throw error
    process.stderr.write(`${name} failed: ${error instanceof Error ? error.stack : error}\n`)
    process.exitCode = 1
    return [{ bench: name, error: String(error) }]
  }
}

function setUpQuiver() {
  const result = spawnSync(process.execPath, [join(rootFolder, 'scripts', 'setup.mjs')], { stdio: 'inherit' })
  if (result.status !== 0) throw new BenchError('Quiver itself could not be built; nothing to measure.')
}

/**
 * The peers are optional dependencies: one that does not install here becomes a row with its error. The lock file decides the versions;
 * `npm ci` would also refuse it for binaries of other platforms that a registry does not have.
 */
function installPeers() {
  const lock = createHash('sha256')
    .update(readFileSync(join(benchFolder, 'package-lock.json')))
    .digest('hex')
  const stamp = join(benchFolder, 'node_modules', '.installed')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return
  process.stderr.write('Installing the peers ...\n')
  const options = { cwd: benchFolder, encoding: 'utf8', shell: process.platform === 'win32' }
  const { status, stderr } = spawnSync('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel', 'error'], options)
  if (status === 0) return writeFileSync(stamp, lock)
  const reason = stderr.split('\n').slice(0, reasonLines).join('\n')
  process.stderr.write(`${reason}\nThe peers could not be installed; their rows will say so.\n`)
}
