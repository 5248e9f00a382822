import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BenchError } from '../shared/errors.mjs'
import { isPinned } from '../shared/child.mjs'

/** The server has core 1, where there are two. */
const loadCore = '0'

/** Bodies in turn, and at the end a line of JSON: requests, microseconds, and answers that were no success. */
const script = `
local bodies = {}
for line in io.lines(os.getenv('QUIVER_BODIES')) do bodies[#bodies + 1] = line end
local method = os.getenv('QUIVER_METHOD')
local at = 0
request = function()
  if method == 'GET' then return wrk.format('GET') end
  at = at % #bodies + 1
  return wrk.format(method, nil, { ['content-type'] = 'application/json' }, bodies[at])
end
done = function(summary, latency)
  io.write(string.format('\\n{"requests":%d,"microseconds":%d,"failed":%d,"p50":%f,"p99":%f}\\n', summary.requests, summary.duration,
    summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout,
    latency:percentile(50), latency:percentile(99)))
end
`

/**
 * Keeps a number of connections busy, by wrk.
 *
 * @param {string} url @param {{ connections: number, seconds: number, method?: string, bodies?: readonly string[] }} options one body a request, in turn
 * @returns {Promise<{ perSecond: number, p50Us: number, p99Us: number }>} @throws {BenchError} without wrk, or where a request failed
 */
export async function load(url, { connections, seconds, method = 'GET', bodies = [''] }) {
  if (spawnSync('wrk', ['--version']).error) throw new BenchError('This bench needs wrk: apt-get install wrk')
  const folder = mkdtempSync(join(tmpdir(), 'quiver-load-'))
  try {
    writeFileSync(join(folder, 'load.lua'), script)
    writeFileSync(join(folder, 'bodies'), `${bodies.join('\n')}\n`)
    const wrk = ['wrk', '-t1', `-c${connections}`, `-d${seconds}s`, '-s', join(folder, 'load.lua'), url]
    const [command, ...rest] = isPinned ? ['taskset', '-c', loadCore, ...wrk] : wrk
    const environment = { ...process.env, QUIVER_BODIES: join(folder, 'bodies'), QUIVER_METHOD: method }
    const { requests, microseconds, failed, p50, p99 } = JSON.parse(
      (await output(command, rest, environment)).trim().split('\n').at(-1),
    )
    if (failed > 0 || requests === 0) throw new BenchError(`${failed} of ${requests} requests to ${url} failed.`)
    return { perSecond: (requests * 1e6) / microseconds, p50Us: p50, p99Us: p99 }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function output(command, parameters, env) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, parameters, { env, stdio: ['ignore', 'pipe', 'inherit'] })
    let text = ''
    child.stdout.on('data', (chunk) => (text += chunk))
    child.on('error', reject)
    child.on('close', () => resolve(text))
  })
}
