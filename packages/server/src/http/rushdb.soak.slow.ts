import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { open } from 'quiverdb'
import { afterAll, expect, it } from 'vitest'
import { growthOf, memoryOf, type ServerProcess, startServer } from '../testing/server-process.js'
import { prepare, SoakClient, type Target } from '../testing/soak-client.js'

const folder = mkdtempSync(join(tmpdir(), 'quiver-rushdb-soak-'))
const servers: ServerProcess[] = []
afterAll(() => {
  for (const { child } of servers) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

const clientsCount = 64
/** Two minutes, or as many as the environment says. */
const seconds = 60 * Number(process.env['QUIVER_SOAK_MINUTES'] ?? 2)
const samples = 16
const nodeArguments = ['--max-old-space-size=512']
const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

it(
  `serves ${clientsCount} clients of RushDB's API without an error and in the same memory, and loses nothing when it is killed`,
  { timeout: (seconds + 180) * 1_000 },
  async () => {
    const db = join(folder, 'db')
    const start = async () => {
      const server = await startServer(db, nodeArguments)
      servers.push(server)
      return server
    }
    const first = await start()
    await prepare(first.url)
    const target: Target = { url: first.url, back: Promise.resolve() }
    let isOver = false
    const clients = Array.from({ length: clientsCount }, (_, n) => new SoakClient(target, n))
    const running = Promise.all(clients.map((client) => client.run(() => isOver)))
    const ended = running.then(() => undefined)
    // What a client finds wrong ends the test at once.
    const pause = (ms: number) => Promise.race([wait(ms), ended])

    await pause((seconds / 4) * 1_000)
    let second!: ServerProcess
    target.back = (async () => {
      first.child.kill('SIGKILL')
      await first.ended
      second = await start()
      target.url = second.url
    })()
    await target.back

    // The heap finds its size.
    await pause((seconds / 4) * 1_000)
    const memory: number[] = []
    for (let i = 0; i < samples; i++) {
      await pause((seconds / 2 / samples) * 1_000)
      memory.push(await memoryOf(second.url))
    }
    isOver = true
    await running
    const requests = clients.reduce((sum, client) => sum + client.requests, 0)
    expect(requests).toBeGreaterThan(seconds * 50)
    expect(clients.reduce((sum, client) => sum + client.unanswered, 0)).toBeGreaterThan(0)
    expect(growthOf(memory)).toBeLessThan(1.3)
    second.child.kill('SIGTERM')
    expect(await second.ended).toBe(0)
    const reopened = await open(db, { create: false })
    expect(await reopened.check()).toMatchObject({ ok: true, problems: [] })
    await reopened.close()
  },
)
