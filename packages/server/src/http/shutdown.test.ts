import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { open } from 'quiverdb'
import { afterAll, expect, it } from 'vitest'
import { papersPath, serving } from '../testing/serving.js'

const folder = mkdtempSync(join(tmpdir(), 'quiver-stop-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

it('answers what has begun, loses nothing, and takes no more', async () => {
  const database = join(folder, 'load')
  const on = await serving({}, { database })
  await on.call('PUT', papersPath)
  const acknowledged: string[] = []
  let refusals = 0
  let stopped = false
  const writers = Array.from({ length: 16 }, async (_, writer) => {
    for (let n = 0; !stopped; n++) {
      const id = `${writer}-${n}`
      try {
        const { status, json } = await on.call('PUT', `${papersPath}/records/${id}`, { body: { n } })
        if (status === 200) acknowledged.push(id)
        else {
          expect([status, json.error.code]).toEqual([503, 'CLOSED'])
          refusals++
        }
      } catch {
        // A connection that was refused: nobody listens any more.
        refusals++
        if (refusals > 1_000) return
      }
    }
  })
  await expect.poll(() => acknowledged.length).toBeGreaterThan(200)
  await on.close()
  stopped = true
  await Promise.all(writers)
  const db = await open(database, { create: false })
  const found = await (await db.collection('papers')).getMany(acknowledged)
  expect(found.filter((record) => record === null)).toEqual([])
  await db.close()
})

it('ends an import between two commits, and says what was stored', async () => {
  const on = await serving()
  await on.call('PUT', papersPath)
  const sent = Readable.from(
    (async function* () {
      for (let n = 0; ; n++) {
        await new Promise((resolve) => setTimeout(resolve, 1))
        yield Buffer.from(Array.from({ length: 10 }, (_, i) => `{"id":"${n}-${i}"}\n`).join(''))
      }
    })(),
  )
  const importing = fetch(`${on.url}${papersPath}/import?batch=10`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson' },
    body: Readable.toWeb(sent) as ReadableStream,
    duplex: 'half',
  })
  const answer = await importing
  await on.server.close()
  const last = JSON.parse((await answer.text()).trimEnd().split('\n').at(-1)!) as { stored: number; done: boolean; error: object }
  expect(last).toMatchObject({ done: false, error: { code: 'CLOSED' } })
  expect(last.stored % 10).toBe(0)
  expect(await (await on.db.collection('papers')).count()).toBe(last.stored)
  sent.destroy()
  await on.db.close()
})

it('may be asked for twice', async () => {
  const on = await serving()
  await Promise.all([on.close(), on.server.close()])
  await expect(fetch(`${on.url}/health`)).rejects.toThrow()
})
