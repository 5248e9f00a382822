import { execFile, spawn } from 'node:child_process'
import { mkdtemp, mkdir, readdir, rm, unlink, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const bin = fileURLToPath(new URL('../../bin/quiver.js', import.meta.url))
const words = ['garden', 'engine', 'winter']
let folder: string
let service: Server
const path = (name: string): string => join(folder, name)

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quiver-cli-documents-'))
  // Speaks like OpenAI's embeddings, and has a page.
  service = createServer((request, response) => {
    if (request.method === 'GET') return void response.setHeader('content-type', 'text/html').end('<h1>An engine</h1>')
    let body = ''
    request.on('data', (data) => (body += data))
    request.on('end', () => {
      const { input } = JSON.parse(body) as { input: string | string[] }
      const data = [input]
        .flat()
        .map((text, index) => ({ index, embedding: [...words.map((word) => text.split(word).length - 1), 0.1] }))
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ data }))
    })
  })
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve))
  await writeFile(path('keys.json'), JSON.stringify({ ossModel: 'counted', ossEndpoint: origin(), maxTokens: 8000 }))
  await mkdir(path('notes'))
  await writeFile(path('notes/a.md'), '# Garden\n\nA garden.')
  await writeFile(path('notes/b.md'), 'An engine, in winter.')
  await writeFile(path('notes/picture.md'), Buffer.from([0x89, 0x50, 0, 0]))
})
afterAll(async () => {
  service.close()
  await rm(folder, { recursive: true, force: true })
})

const origin = (): string => `http://127.0.0.1:${(service.address() as AddressInfo).port}`

interface Answer {
  status: number
  stderr: string
  answer: Record<string, unknown> | undefined
}

function vectra(...args: string[]): Promise<Answer> {
  return new Promise((resolve) => {
    execFile(process.execPath, [bin, 'vectra', ...args, '--json'], (error, stdout, stderr) => {
      const status = typeof error?.code === 'number' ? error.code : 0
      resolve({ status, stderr, answer: stdout ? (JSON.parse(stdout) as Record<string, unknown>) : undefined })
    })
  })
}

describe('quiver vectra', () => {
  test('makes an index, fills it, asks it, migrates it and deletes it', async () => {
    const [index, keys] = [path('index'), path('keys.json')]
    expect(await vectra('create', index)).toMatchObject({ status: 0, answer: { format: 'json' } })
    const again = await vectra('create', index)
    expect([again.status, again.stderr]).toEqual([1, expect.stringContaining('ALREADY_EXISTS')])

    const added = await vectra('add', index, '-k', keys, '-u', path('notes'), `${origin()}/page`, '--allow-private')
    expect(added.answer).toMatchObject({ added: [path('notes/a.md'), path('notes/b.md'), `${origin()}/page`] })
    expect(added.answer!.failed).toMatchObject([{ uri: path('notes/picture.md') }])

    const found = await vectra('query', index, 'a garden', '-k', keys, '-b', '--document-count', '1')
    expect(found.answer).toMatchObject({
      documents: [{ uri: path('notes/a.md'), sections: [{ text: '# Garden\n\nA garden.' }] }],
    })

    expect((await vectra('migrate', index, '--to', 'protobuf')).status).toBe(0)
    expect((await vectra('stats', index)).answer).toMatchObject({ documents: 3, chunks: 3 })
    expect((await vectra('remove', index, '-u', path('notes/a.md'))).answer).toMatchObject({ removed: [path('notes/a.md')] })
    expect((await vectra('remove', index, '-u', path('notes/a.md'))).status).toBe(3)
    expect((await vectra('stats', index)).answer).toMatchObject({ documents: 2 })

    expect((await vectra('create', index, '--force', '--format', 'protobuf')).status).toBe(0)
    expect((await readdir(index)).sort()).toEqual(['catalog.pb', 'index.pb'])
    expect((await vectra('delete', index)).status).toBe(0)
    expect((await vectra('delete', path('notes'))).status).toBe(3)
    expect(await readdir(path('notes'))).toHaveLength(3)
  })

  test('says what is wrong, without the keys', async () => {
    await writeFile(path('bad.json'), '{"apiKey": "sk-secret')
    await writeFile(path('none.json'), '{}')
    await vectra('create', path('empty'))
    for (const keys of ['bad.json', 'none.json', 'missing.json']) {
      const { status, stderr } = await vectra('add', path('empty'), '-k', path(keys), '-u', 'x')
      expect(status).toBe(keys === 'missing.json' ? 3 : 2)
      expect(stderr).not.toContain('secret')
    }
    expect((await vectra('add', path('empty'), '-k', path('keys.json'))).stderr).toContain('--uri')
    const privately = await vectra('add', path('empty'), '-k', path('keys.json'), '-u', `${origin()}/page`)
    expect(privately).toMatchObject({ status: 1, answer: { added: [], failed: [{ code: 'INVALID_ARGUMENT' }] } })
    expect((await vectra('add', path('empty'), '-k', path('keys.json'), '-u', path('nowhere'))).status).toBe(1)
    expect((await vectra('query', path('nowhere'), 'x', '-k', path('keys.json'))).status).toBe(3)
  })

  test('keeps an index as files are, also those that went while nobody watched', async () => {
    const index = path('watched')
    await vectra('create', index)
    await vectra('add', index, '-k', path('keys.json'), '-u', path('notes/a.md'))
    await unlink(path('notes/a.md'))
    const args = ['vectra', 'watch', index, '-k', path('keys.json'), '-u', path('notes'), '--debounce', '20', '--json']
    const watching = spawn(process.execPath, [bin, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
    const events: unknown[] = []
    for await (const line of createInterface(watching.stdout)) {
      const event = JSON.parse(line) as { type: string; uri?: string }
      events.push(event)
      if (event.type === 'ready') await writeFile(path('notes/c.md'), 'winter')
      if (event.uri === path('notes/c.md')) watching.kill('SIGINT')
    }
    expect(events).toContainEqual({ type: 'added', uri: path('notes/b.md') })
    expect(events).toContainEqual({ type: 'deleted', uri: path('notes/a.md') })
    expect(events).toContainEqual({ type: 'skipped', uri: path('notes/picture.md'), reason: 'binary' })
    expect(events).toContainEqual({ type: 'added', uri: path('notes/c.md') })
    expect((await vectra('stats', index)).answer).toMatchObject({ documents: 2 })
  })
})
