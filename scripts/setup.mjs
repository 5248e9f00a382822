// Installs and builds what the other npm scripts need, and only what is missing or has changed:
// `npm run demo` and `npm test` work from a clean clone with nothing else done first.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const nodeMajorMin = 20
/** `testing` inside a package's sources supports its tests and is not shipped. */
const unbuiltFolders = ['node_modules', 'dist', 'testing']

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const packages = readdirSync(join(root, 'packages')).filter((name) => existsSync(join(root, 'packages', name, 'tsconfig.json')))
/** What was built last; gone with what it was built with. */
const stamps = join(root, 'node_modules', '.quiver')
const workerText = join(root, 'packages/quiverdb/dist/vector/threads/worker-text.js')

const [major] = process.versions.node.split('.').map(Number)
if (major < nodeMajorMin) fail(`Quiver needs Node ${nodeMajorMin} or newer; this is ${process.version}.`)

if (!isInstalled()) run('Installing dependencies', 'npm', ['ci', '--no-audit', '--no-fund'])

const force = process.argv.includes('--build')

if (force || !existsSync(join(root, 'packages/kernel/src/binary.ts')) || stampOf('kernel') !== fingerprint(kernelSources())) {
  run('Building the kernel', process.execPath, [join(root, 'packages/kernel/build.mjs')])
  stamp('kernel', fingerprint(kernelSources()))
}

if (force || stampOf('packages') !== fingerprint(packageSources()) || !packages.every(isComplete) || !existsSync(workerText)) {
  const build = [join(root, 'node_modules/typescript/bin/tsc'), '-b']
  run('Building the packages', process.execPath, build)
  // tsc believes its own notes, which may outlive the files they speak of.
  if (!packages.every(isComplete)) run('Building the packages anew', process.execPath, [...build, '--force'])
  run('Bundling what workers of a browser run', process.execPath, [join(root, 'packages/quiverdb/build-worker.mjs')])
  stamp('packages', fingerprint(packageSources()))
}

/** npm writes down what it installed. Everything that the lock file asks for is there; optional packages may be for other machines. */
function isInstalled() {
  const installed = readPackages(join(root, 'node_modules', '.package-lock.json'))
  if (installed === undefined) return false
  const wanted = Object.entries(readPackages(join(root, 'package-lock.json')))
  return wanted.every(([path, { version, link, optional, devOptional }]) => {
    if (path === '' || (installed[path] === undefined && (optional || devOptional))) return true
    return installed[path] !== undefined && installed[path].version === version && installed[path].link === link
  })
}

function readPackages(lockFile) {
  return existsSync(lockFile) ? JSON.parse(readFileSync(lockFile, 'utf8')).packages : undefined
}

/** Whether every source file has its built file. */
function isComplete(name) {
  const folder = join(root, 'packages', name)
  const built = (file) => join(folder, 'dist', relative(join(folder, 'src'), file).replace(/\.ts$/, '.js'))
  return filesIn(join(folder, 'src'), isSource).every((file) => file.endsWith('.d.ts') || existsSync(built(file)))
}

function kernelSources() {
  const kernel = join(root, 'packages', 'kernel')
  return [join(root, 'package-lock.json'), join(kernel, 'build.mjs'), ...filesIn(join(kernel, 'assembly'), isSource)]
}

/** All that the compiler of the packages reads. Tests are not part of a build. */
function packageSources() {
  const configuration = ['package-lock.json', 'tsconfig.base.json', 'tsconfig.json'].map((name) => join(root, name))
  return [...configuration, ...packages.flatMap((name) => filesIn(join(root, 'packages', name), isSource))]
}

function fingerprint(files) {
  const hash = createHash('sha256')
  for (const file of files) hash.update(relative(root, file)).update('\0').update(readFileSync(file)).update('\0')
  return hash.digest('hex')
}

function stampOf(name) {
  const file = join(stamps, name)
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined
}

function stamp(name, value) {
  mkdirSync(stamps, { recursive: true })
  writeFileSync(join(stamps, name), value)
}

function isSource(name) {
  return /\.(ts|mjs|json)$/.test(name) && !/\.(test|slow)\.ts$/.test(name)
}

function filesIn(folder, accepts) {
  const files = []
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) {
      if (!unbuiltFolders.includes(entry.name)) files.push(...filesIn(path, accepts))
    } else if (accepts(entry.name)) files.push(path)
  }
  return files.sort()
}

function run(label, command, args) {
  process.stderr.write(`${label} ...\n`)
  const result = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2], shell: process.platform === 'win32' })
  if (result.status !== 0) fail(`${label} failed (${command} ${args.join(' ')}).`)
}

function fail(message) {
  process.stderr.write(`${message}\n`)
  process.exit(1)
}
