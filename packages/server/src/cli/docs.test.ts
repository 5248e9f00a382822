import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const bin = fileURLToPath(new URL('../../bin/quiver.js', import.meta.url))
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'quiver-docs-cli-')))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function start(args: string[], environment: Record<string, string> = {}) {
  const env = { ...process.env, QUIVER_EMBEDDER_KEY: undefined, OPENAI_API_KEY: undefined, ...environment }
  const child = spawn(process.execPath, [bin, 'docs', ...args], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] })
  const output = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk: Buffer) => (output.stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (output.stderr += chunk.toString()))
  const ended = new Promise<{ exitCode: number | null; stdout: string; stderr: string }>((resolve) =>
    child.on('close', (exitCode) => resolve({ exitCode, ...output })),
  )
  return { child, output, ended }
}

const docs = (...args: string[]) => start(args).ended

async function json<T>(...args: string[]): Promise<T> {
  const { exitCode, stdout, stderr } = await docs(...args, '--json')
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
  return JSON.parse(stdout) as T
}

const write = (path: string, content: string | Uint8Array): void => writeFileSync(join(folder, path), content)

beforeAll(() => {
  mkdirSync(join(folder, 'notes'))
  write('notes/wings.md', '# Wings\n\nLift grows with the square of the speed.\n')
  write('notes/tails.txt', 'A tail keeps the nose of an aeroplane up.\n')
  write('notes/picture.png', new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0, 0, 0, 1]))
})

describe('quiver docs', () => {
  it('adds a folder and a page, leaves out what holds no text, and changes nothing the second time', async () => {
    const server = createServer((_, response) =>
      response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Engines</h1><p>A propeller pulls.</p>'),
    ).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/engines`
    const added = await json<object>('add', 'notes', url, '--allow-private', '--metadata', '{"year": 1958}')
    expect(added).toMatchObject({
      collection: 'documents',
      added: 3,
      unchanged: 0,
      chunks: 3,
      skipped: [{ path: join(folder, 'notes/picture.png'), code: 'INVALID_DOCUMENT' }],
      ready: true,
    })
    const again = await docs('add', 'notes', '--metadata', '{"year": 1958}')
    expect(again.stdout).toMatch(/0 added, 0 updated, 2 unchanged, 1 left out; 2 chunks/)
    expect(again.stderr).toMatch(/Left out .*picture\.png: .* it is binary/)
    const refused = await docs('add', url)
    expect(refused).toMatchObject({ exitCode: 1, stdout: '', stderr: expect.stringMatching(/private/) as unknown })
    server.close()
  })

  it('finds them, by meaning, by words and in passages', async () => {
    interface Found {
      documents: { uri: string; metadata: object; sections?: { text: string; tokens: number }[] }[]
    }
    const { documents } = await json<Found>('search', 'what', 'keeps', 'the', 'nose', 'up', '--limit', '1', '--tokens', '50')
    expect(documents).toMatchObject([
      {
        uri: join(folder, 'notes/tails.txt'),
        metadata: { year: 1958 },
        sections: [{ text: 'A tail keeps the nose of an aeroplane up.\n' }],
      },
    ])
    const none = await json<Found>('search', 'speed', '--mode', 'keyword', '--where', '{"year": 1999}')
    expect(none.documents).toEqual([])
    const { stdout, stderr } = await docs('search', 'speed', '--mode', 'keyword')
    expect(stdout).toMatch(/^\d\.\d{3} {2}.*wings\.md\n {7}# Wings Lift grows/)
    expect(stderr).toMatch(/1 of "documents" at version main@\d+ in /)
  })

  it('says what is wrong', async () => {
    const cases: [string[], number, RegExp][] = [
      [['add', 'missing.txt'], 3, /no such file/],
      [['add', 'notes/picture.png'], 1, /holds no text/],
      [['add', 'notes', '--embedder', 'openai'], 2, /OPENAI_API_KEY/],
      [['add', 'notes', '--embedder', 'magic'], 2, /built-in, openai/],
      [['search', 'x', '--collection', 'nothing'], 3, /no documents in a collection "nothing"/],
      [['search', 'speed', '--mode', 'vector', '--dimensions', '64'], 3, /built-in-1\/1024/],
    ]
    for (const [args, exitCode, message] of cases) {
      const ended = await docs(...args)
      expect(ended, args.join(' ')).toMatchObject({ exitCode, stdout: '' })
      expect(ended.stderr).toMatch(message)
    }
  })

  it('uses the service that the environment names, and never tells its key', async () => {
    let key: string | undefined
    const server = createServer((request, response) => {
      key = request.headers.authorization
      response.writeHead(401, { 'content-type': 'application/json' }).end(JSON.stringify({ error: `bad key ${key}` }))
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const environment = {
      QUIVER_EMBEDDER: 'openai',
      QUIVER_EMBEDDER_MODEL: 'm',
      QUIVER_EMBEDDER_URL: `http://127.0.0.1:${port}/v1`,
      OPENAI_API_KEY: 'sk-secret-0123456789',
    }
    const ended = await start(['add', 'notes', '--collection', 'other'], environment).ended
    expect(ended).toMatchObject({ exitCode: 1, stdout: '' })
    expect(ended.stderr).toMatch(/status 401/)
    expect(ended.stderr).not.toMatch(/0123456789/)
    expect(key).toBe('Bearer sk-secret-0123456789')
    server.close()
  })

  it('watches a folder until it is interrupted', async () => {
    mkdirSync(join(folder, 'live'))
    write('live/a.txt', 'first')
    const { child, output, ended } = start(['watch', 'live', '--db', './live-data', '--json'])
    const events = (): unknown[] =>
      output.stdout
        .trim()
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as unknown)
    await expect.poll(events, { timeout: 20_000 }).toContainEqual({ type: 'ready', files: 1 })
    write('live/b.txt', 'second')
    await expect.poll(events, { timeout: 20_000 }).toContainEqual({ type: 'added', uri: join(folder, 'live/b.txt') })
    child.kill('SIGINT')
    expect(await ended).toMatchObject({ exitCode: 0, stderr: '' })
    const { documents } = await json<{ documents: unknown[] }>('search', 'second', '--db', './live-data')
    expect(documents).toHaveLength(2)
  })
})
