import { createRequire } from 'node:module'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { randomSource } from '@quiverdb/testing'
import * as vectra from 'vectra'
import { crashItem, newestUpTo } from '../testing/vectra/crash-items.js'
import { writeUntilKilled } from '../testing/killed-writer.js'
import { LocalIndex } from './index.js'

const kills = 40
const sources = fileURLToPath(new URL('../testing/vectra', import.meta.url))
const built = join(dirname(createRequire(import.meta.url).resolve('quiverdb')), 'testing/vectra')

beforeAll(async () => {
  await mkdir(built, { recursive: true })
  for (const name of ['crash-items', 'crash-writer']) {
    const options = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 }
    const { outputText } = ts.transpileModule(await readFile(join(sources, `${name}.ts`), 'utf8'), { compilerOptions: options })
    await writeFile(join(built, `${name}.js`), outputText)
  }
})
const folders: string[] = []
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))))

test.each(['index file', 'journal'])(
  `with its %s, an index loses nothing that it acknowledged in ${kills} kills`,
  async (kind) => {
    const folder = await mkdtemp(join(tmpdir(), 'quiver-vectra-crash-'))
    folders.push(folder)
    await new LocalIndex(folder).createIndex()
    const random = randomSource(3)
    let last = -1
    for (let kill = 0; kill < kills; kill++) {
      const program = [join(built, 'crash-writer.js'), folder, String(last + 1), kind]
      const acknowledged = (await writeUntilKilled(program, 1 + 150 * random())) ?? last
      const numbers = await numbersIn(new LocalIndex(folder))
      // The write that was under way may be there, or not.
      const reached = Math.max(last, ...numbers.values())
      expect(reached).toBeGreaterThanOrEqual(acknowledged)
      expect(reached).toBeLessThanOrEqual(acknowledged + 1)
      expect(numbers).toEqual(newestUpTo(reached))
      // Vectra too can open it, whatever it may lack.
      await new vectra.LocalIndex(folder).listItems()
      last = reached
    }
    expect(last).toBeGreaterThan(0)
    // What was left of saves that never ended goes with the next one.
    const index = new LocalIndex(folder)
    await index.upsertItem(crashItem(last + 1))
    await index.close()
    expect((await readdir(folder)).filter((name) => !name.startsWith('index.json'))).toEqual([])
  },
)

async function numbersIn(index: LocalIndex): Promise<Map<string, number>> {
  const items = await index.listItems()
  return new Map(
    items.map(({ id, vector, metadata }) => {
      const number = metadata['number'] as number
      expect({ id, vector, metadata }).toEqual(crashItem(number))
      return [id, number]
    }),
  )
}
