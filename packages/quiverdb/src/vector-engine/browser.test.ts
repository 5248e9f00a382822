import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { expect, it } from 'vitest'

/** Files that are loaded with a file at once, and the names of packages. */
async function loadedWith(path: string, seen = new Set<string>()): Promise<Set<string>> {
  if (seen.has(path)) return seen
  seen.add(path)
  const source = await readFile(path, 'utf8')
  for (const [, name] of source.matchAll(/^(?:import|export) (?:[\w*{][^;'"]* from )?'([^']+)';$/gm)) {
    if (name!.startsWith('.')) await loadedWith(join(dirname(path), name!), seen)
    else seen.add(name!)
  }
  return seen
}

it('loads neither Node nor the database before someone asks for a file or a folder', async () => {
  const entry = createRequire(import.meta.url).resolve('quiverdb/vector-engine')
  const loaded = [...(await loadedWith(entry))]
  expect(loaded.filter((name) => name.startsWith('node:'))).toEqual([])
  expect(loaded.filter((name) => /[\\/](database|durable-vector-engine)[.]js$/.test(name))).toEqual([])
  expect(loaded).toContain('@quiverdb/kernel')
})
