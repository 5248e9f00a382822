import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'

const bin = fileURLToPath(new URL('../../bin/quiver.js', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'quiver-serve-'))
const db = join(folder, 'data')
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const quiver = (...args: string[]) => quiverIn({}, ...args)

function quiverIn(environment: Record<string, string>, ...args: string[]) {
  const env = { ...process.env, ...environment }
  const child = spawn(process.execPath, [bin, ...args, '--db', db], { stdio: ['ignore', 'pipe', 'pipe'], env })
  const output = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk: Buffer) => (output.stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (output.stderr += chunk.toString()))
  const ended = new Promise<typeof output & { exitCode: number | null }>((resolve) =>
    child.on('close', (exitCode) => resolve({ exitCode, ...output })),
  )
  const serving = async () => {
    await expect.poll(() => output.stderr, { timeout: 20_000 }).toContain('Serving')
    return /at (http:\S+),/.exec(output.stderr)![1]!
  }
  return { child, ended, serving }
}

describe('quiver serve', () => {
  it('needs a key for addresses that others can reach', async () => {
    expect(await quiver('serve', '--host', '0.0.0.0', '--port', '0').ended).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('quiver keys create'),
    })
  })

  it('serves until it is asked to end', async () => {
    const { child, ended, serving } = quiver('serve', '--port', '0')
    const url = await serving()
    expect((await fetch(`${url}/v1/namespaces/default/collections/notes`, { method: 'PUT' })).status).toBe(200)
    child.kill('SIGTERM')
    const { exitCode, stdout, stderr } = await ended
    expect(exitCode).toBe(0)
    expect(stderr).toContain('No API keys')
    const messages = stdout
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { msg: string }).msg)
    expect(messages).toEqual([expect.stringContaining('listening'), 'shutting down', 'stopped'])
  })

  it('embeds by what the environment names, by the names of RushDB too, and tells no key', async () => {
    const secret = 'sk-secret-of-the-service'
    const seen: { authorization: string | undefined; model: string; dimensions: number }[] = []
    const service = createServer((request, response) => {
      let body = ''
      request.on('data', (chunk) => (body += String(chunk)))
      request.on('end', () => {
        const { model, dimensions, input } = JSON.parse(body) as { model: string; dimensions: number; input: string[] }
        seen.push({ authorization: request.headers.authorization, model, dimensions })
        response.end(JSON.stringify({ data: input.map((text, index) => ({ index, embedding: [text.length, 1, 0] })) }))
      })
    }).listen(0, '127.0.0.1')
    await once(service, 'listening')
    const environment = {
      RUSHDB_EMBEDDING_BASE_URL: `http://127.0.0.1:${(service.address() as AddressInfo).port}/v1`,
      RUSHDB_EMBEDDING_MODEL: 'small',
      RUSHDB_EMBEDDING_DIMENSIONS: '3',
      RUSHDB_EMBEDDING_API_KEY: secret,
    }
    const { child, ended, serving } = quiverIn(environment, 'serve', '--port', '0', '--log-level', 'debug')
    const url = await serving()
    const call = async (method: string, path: string, body: unknown) => {
      const headers = { 'content-type': 'application/json' }
      const answer = await fetch(`${url}/v1/namespaces/default/${path}`, { method, headers, body: JSON.stringify(body) })
      return (await answer.json()) as { indexes: { managed: object }[] }
    }
    const indexes = [{ field: 'body', source: 'managed' }]
    const made = await call('PUT', 'collections/embedded', { indexes })
    expect(made.indexes[0]).toMatchObject({ dimensions: 3, managed: { embedder: 'small/3' } })
    await call('POST', 'collections/embedded/records', { records: [{ id: 'a', body: 'one' }] })
    await call('POST', 'settle', {})
    expect(seen).toEqual([{ authorization: `Bearer ${secret}`, model: 'small', dimensions: 3 }])
    await call('DELETE', 'collections/embedded', {})
    child.kill('SIGTERM')
    const { exitCode, stdout, stderr } = await ended
    expect(exitCode).toBe(0)
    expect(stdout + stderr).not.toContain(secret)
    service.close()
    const wrong = await quiverIn({ ...environment, RUSHDB_EMBEDDING_DIMENSIONS: 'many' }, 'serve', '--port', '0').ended
    expect([wrong.exitCode, wrong.stderr]).toEqual([2, expect.stringContaining('RUSHDB_EMBEDDING_DIMENSIONS')])
  })

  it('serves those who have a key', async () => {
    const made = JSON.parse(
      (await quiver('keys', 'create', '--role', 'read', '--namespaces', 'default', '--name', 'ci', '--json').ended).stdout,
    ) as { key: string; id: string }
    const { child, ended, serving } = quiver('serve', '--port', '0', '--log-level', 'debug')
    const url = await serving()
    const ask = (key: string) =>
      fetch(`${url}/v1/namespaces/default/collections`, { headers: { authorization: `Bearer ${key}` } })
    expect(await (await ask(made.key)).json()).toEqual({ collections: ['notes'] })
    expect((await ask('none')).status).toBe(401)
    const list = await quiver('keys', 'list').ended
    expect(list.stdout).toContain(made.id)
    expect(list.stdout).not.toContain(made.key.slice(-43))
    expect((await quiver('keys', 'revoke', made.id).ended).exitCode).toBe(0)
    await expect.poll(async () => (await ask(made.key)).status, { timeout: 10_000 }).toBe(401)
    child.kill('SIGINT')
    const { exitCode, stdout } = await ended
    expect(exitCode).toBe(0)
    expect(stdout).not.toContain(made.key.slice(-43))
    expect((await quiver('keys', 'revoke', 'nobody').ended).exitCode).toBe(3)
  })
})
