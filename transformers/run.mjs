// `npm run test:transformers [arguments of vitest]`: installs Transformers.js with its runtime, some hundred megabytes, and runs what needs them.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const root = dirname(here)

// The runtime for processors is in the packages themselves; their scripts would only fetch the one for graphics cards.
const installed = existsSync(join(here, 'node_modules', '.package-lock.json'))
if (!installed && !run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], here)) {
  process.stderr.write('Transformers.js could not be installed.\n')
  process.exit(1)
}
const vitest = join(root, 'node_modules/vitest/vitest.mjs')
const config = join('transformers', 'vitest.config.mjs')
process.exitCode = run(process.execPath, [vitest, 'run', '--config', config, ...process.argv.slice(2)], root) ? 0 : 1

function run(command, given, cwd) {
  return (
    spawnSync(command, given, { cwd, stdio: 'inherit', shell: process.platform === 'win32' && command === 'npm' }).status === 0
  )
}
