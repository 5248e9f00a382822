import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { open } from 'quiverdb'
import { afterAll, expect, it } from 'vitest'
import { growthOf, memoryOf, startServer } from '../testing/server-process.js'

const folder = mkdtempSync(join(tmpdir(), 'quiver-soak-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const papers = '/v1/namespaces/default/collections/papers'
const dimensions = 32
const headers = { 'content-type': 'application/json' }

const vectorOf = (n: number) => Array.from({ length: dimensions }, (_, i) => Math.sin(n * (i + 1)) + 1.5)

it('loses nothing that it acknowledged when it is killed in the middle of writes', async () => {
  const db = join(folder, 'killed')
  const acknowledged = new Set<string>()
  for (let round = 0; round < 4; round++) {
    const { child, url, ended } = await startServer(db)
    await fetch(url + papers, { method: 'PUT', headers, body: JSON.stringify({ indexes: [{ field: 'embedding', dimensions }] }) })
    const writers = Array.from({ length: 8 }, async (_, writer) => {
      for (let n = 0; ; n++) {
        const ids = Array.from({ length: 1 + (n % 20) }, (_, i) => `${round}-${writer}-${n}-${i}`)
        const records = ids.map((id, i) => ({ id, embedding: vectorOf(n + i) }))
        try {
          const answer = await fetch(`${url}${papers}/records`, { method: 'POST', headers, body: JSON.stringify({ records }) })
          expect(answer.status).toBe(200)
          await answer.text()
        } catch (error) {
          if (error instanceof TypeError) return
          throw error
        }
        for (const id of ids) acknowledged.add(id)
      }
    })
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    child.kill('SIGKILL')
    await Promise.all(writers)
    await ended
  }
  expect(acknowledged.size).toBeGreaterThan(1_000)
  const reopened = await open(db, { create: false })
  const collection = await reopened.collection('papers')
  const ids = [...acknowledged]
  expect((await collection.getMany(ids)).filter((record) => record === null)).toEqual([])
  expect(await reopened.check()).toMatchObject({ ok: true, problems: [] })
  await reopened.close()
})

it('serves 64 clients for two minutes without an error, in the same memory', { timeout: 300_000 }, async () => {
  const { child, url, ended } = await startServer(join(folder, 'soak'), ['--expose-gc', '--max-old-space-size=512'])
  await fetch(url + papers, {
    method: 'PUT',
    headers,
    body: JSON.stringify({ indexes: [{ field: 'embedding', dimensions }], fields: ['n'] }),
  })
  const records = 2_000
  let until = Infinity
  let requests = 0
  const failures: string[] = []
  const post = async (path: string, body: object) => {
    const answer = await fetch(url + papers + path, { method: 'POST', headers, body: JSON.stringify(body) })
    const text = await answer.text()
    requests++
    if (answer.status !== 200) failures.push(`${path} ${answer.status} ${text.slice(0, 200)}`)
  }
  const clients = Array.from({ length: 64 }, async (_, client) => {
    for (let n = client; performance.now() < until && failures.length === 0; n += 64) {
      // Always the same records: what grows is not the data.
      if (n % 4 === 0)
        await post('/records', { records: [{ id: `r${n % records}`, n: n % 10, embedding: vectorOf(n % records) }] })
      else if (n % 4 === 1) await post('/records/list', { where: { n: n % 10 }, limit: 5 })
      else await post('/search', { vector: vectorOf(n), limit: 5, where: n % 2 === 0 ? { n: { $lt: 5 } } : {} })
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  })
  // A third of the time is for the heap to find its size, and for graphs.
  const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
  await wait(40_000)
  const samples: number[] = []
  for (let i = 0; i < 16; i++) {
    await wait(5_000)
    samples.push(await memoryOf(url))
  }
  until = 0
  await Promise.all(clients)
  expect(failures).toEqual([])
  expect(requests).toBeGreaterThan(5_000)
  expect(growthOf(samples)).toBeLessThan(1.3)
  child.kill('SIGTERM')
  expect(await ended).toBe(0)
})
