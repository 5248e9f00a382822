import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'

const bin = fileURLToPath(new URL('../../bin/quiver.js', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'quiver-serve-'))
const db = join(folder, 'data')
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function quiver(...args: string[]) {
  const child = spawn(process.execPath, [bin, ...args, '--db', db], { stdio: ['ignore', 'pipe', 'pipe'] })
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
