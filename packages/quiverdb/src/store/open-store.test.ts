import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, it } from 'vitest'
import { openStore } from './open-store.js'

it('opens folders by path and by URL, and memory', async () => {
  const root = await mkdtemp(join(tmpdir(), 'quiver-store-'))
  const byPath = await openStore(join(root, 'a b'))
  const byUrl = await openStore(pathToFileURL(join(root, 'a b')).href)
  await byPath.putNew('k', Uint8Array.of(1))
  expect(await byUrl.get('k')).toEqual(Uint8Array.of(1))
  const memory = await openStore('memory:')
  expect([byUrl.capabilities.durable, memory.capabilities.durable]).toEqual([true, false])
  expect(await (await openStore('memory:')).get('k')).toBeNull()
  await Promise.all([byPath.close(), byUrl.close(), rm(root, { recursive: true })])
})

it('refuses what it has no store for', async () => {
  for (const url of ['s3://bucket/prefix', 'opfs:notes', 'https://example.org', 'memory:shared']) {
    await expect(openStore(url)).rejects.toMatchObject({ code: 'UNSUPPORTED' })
  }
  for (const url of ['', ' ', 'file://host/share'])
    await expect(openStore(url)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  await expect(openStore('./absent-folder', { create: false })).rejects.toMatchObject({ code: 'NOT_FOUND' })
})
