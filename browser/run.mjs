// `npm run test:browser [arguments of vitest]`: installs what the tests need, finds or installs Chromium, and runs them.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findChromium } from './chromium.mjs'

const here = dirname(fileURLToPath(import.meta.url))
const root = dirname(here)
const windows = process.platform === 'win32'

if (!existsSync(join(here, 'node_modules', '.package-lock.json'))) {
  run('npm', ['ci', '--no-audit', '--no-fund'], here) || fail('The bundlers could not be installed.')
}
if (!findChromium() && !installChromium()) {
  // Here the tests cannot run, which is no failure of what they test.
  process.stdout.write('Skipped: there is no Chromium, and no apt-get to install it. Set CHROMIUM to the path of a browser.\n')
  process.exit(0)
}
if (!findChromium()) fail('apt-get installed Chromium, but there is no command of that name.')
const vitest = join(root, 'node_modules/vitest/vitest.mjs')
const config = join('browser', 'vitest.config.mjs')
process.exitCode = run(process.execPath, [vitest, 'run', '--config', config, ...process.argv.slice(2)], root) ? 0 : 1

/** False where there is no apt. */
function installChromium() {
  if (spawnSync('apt-get', ['--version']).error) return false
  const command = process.getuid?.() === 0 ? ['apt-get'] : ['sudo', '--non-interactive', 'apt-get']
  const apt = (...given) => run(command[0], [...command.slice(1), '-y', ...given], root)
  process.stdout.write('Installing Chromium ...\n')
  apt('update')
  apt('install', '--no-install-recommends', 'chromium') || fail('apt-get could not install Chromium.')
  return true
}

function run(command, given, cwd) {
  return spawnSync(command, given, { cwd, stdio: 'inherit', shell: windows && command === 'npm' }).status === 0
}

function fail(message) {
  process.stderr.write(`${message}\n`)
  process.exit(1)
}
