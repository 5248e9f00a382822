// Installs and builds what the other npm scripts need, and only when something is missing or has changed:
// `npm run demo` and `npm test` work from a clean clone with nothing else done first.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const stampDirectory = join(root, 'node_modules', '.quiver')
const forceBuild = process.argv.includes('--build')

const [major] = process.versions.node.split('.').map(Number)
if (major < 20) fail(`Quiver needs Node 20 or newer; this is ${process.version}.`)

const lock = fingerprint([join(root, 'package-lock.json')])
if (!existsSync(join(root, 'node_modules')) || stampOf('install') !== lock) {
  run('Installing dependencies', 'npm', ['ci', '--no-audit', '--no-fund'])
  stamp('install', lock)
}

if (forceBuild || stampOf('build') !== buildFingerprint()) {
  run('Building the kernel', process.execPath, [join(root, 'packages/kernel/build.mjs')])
  run('Building the packages', process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-b'])
  stamp('build', buildFingerprint())
}

function run(label, command, args) {
  process.stderr.write(`${label} ...\n`)
  const result = spawnSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], shell: process.platform === 'win32' })
  if (result.status !== 0) fail(`${label} failed (${command} ${args.join(' ')}).`)
}

function fail(message) {
  process.stderr.write(`${message}\n`)
  process.exit(1)
}

function stampOf(name) {
  const file = join(stampDirectory, name)
  return existsSync(file) ? readFileSync(file, 'utf8') : ''
}

function stamp(name, value) {
  mkdirSync(stampDirectory, { recursive: true })
  writeFileSync(join(stampDirectory, name), value)
}

function sourceFiles(folder) {
  const files = []
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.name === 'node_modules' || entry.name === 'dist') continue
    const path = join(folder, entry.name)
    if (entry.isDirectory()) files.push(...sourceFiles(path))
    else if (/\.(ts|mjs|json)$/.test(entry.name) && !/\.(test|slow)\.ts$/.test(entry.name)) files.push(path)
  }
  return files.sort()
}

function buildFingerprint() {
  return fingerprint(sourceFiles(join(root, 'packages')))
}

function fingerprint(files) {
  const hash = createHash('sha256')
  for (const file of files) {
    if (!existsSync(file) || !statSync(file).isFile()) continue
    hash.update(relative(root, file)).update('\0').update(readFileSync(file)).update('\0')
  }
  // The build is gone when its folders are: a stamp in node_modules alone would not notice.
  for (const name of ['kernel', 'quiverdb', 'server']) hash.update(existsSync(join(root, 'packages', name, 'dist')) ? '1' : '0')
  return hash.digest('hex')
}
