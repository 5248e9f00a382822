import { spawn, type ChildProcess } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { DirectoryStore } from './directory-store.js'

const source = join(dirname(fileURLToPath(import.meta.url)), '..')
const racers = 4
const racedKeys = 60
const crashRounds = 4
const crashBodyBytes = 200_000

/** Creates every key it can; prints the ones it won. */
const racer = `
import { DirectoryStore } from './store/directory-store.js'
const [path, name] = process.argv.slice(2)
const store = await DirectoryStore.open(path)
const won = []
for (let k = 0; k < ${racedKeys}; k++) {
  if (await store.putNew('race/' + k, new TextEncoder().encode(name + ':' + k)) === 'created') won.push(k)
}
await store.close()
console.log(JSON.stringify(won))
`

/** Creates large objects until it is killed; prints each key once it is acknowledged. */
const writer = `
import { DirectoryStore } from './store/directory-store.js'
const [path, round] = process.argv.slice(2)
const store = await DirectoryStore.open(path)
for (let k = 0; ; k++) {
  const keys = [0, 1, 2].map((i) => 'crash/' + round + '-' + (3 * k + i))
  await Promise.all(keys.map((key, i) => store.putNew(key, new Uint8Array(${crashBodyBytes}).fill(3 * k + i))
    .then(() => process.stdout.write(key + '\\n'))))
}
`

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quiver-store-'))
  await compileTo(join(folder, 'code'))
})

afterAll(() => rm(folder, { recursive: true }))

it('lets one of several processes create each key', async () => {
  const path = join(folder, 'race')
  const children = Array.from({ length: racers }, (_, i) => run('racer.js', path, `p${i}`))
  const won = await Promise.all(children.map(async (child) => JSON.parse(await outputOf(child)) as number[]))
  expect(won.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: racedKeys }, (_, k) => k))
  const store = await DirectoryStore.open(path)
  for (const [i, keys] of won.entries()) {
    for (const k of keys) expect(Buffer.from((await store.get(`race/${k}`)) ?? []).toString()).toBe(`p${i}:${k}`)
  }
  await store.close()
  expect(await readdir(join(path, '.tmp'))).toEqual([])
})

it('keeps whole objects, and all that were acknowledged, when a process is killed', async () => {
  const path = join(folder, 'crash')
  for (let round = 0; round < crashRounds; round++) {
    const child = run('writer.js', path, String(round))
    const acknowledged = (await outputOf(child, { killAfterLines: 4 + 7 * round })).split('\n').slice(0, -1)
    const store = await DirectoryStore.open(path)
    const keys: string[] = []
    for await (const key of store.list(`crash/${round}-`)) keys.push(key)
    expect(keys).toEqual(expect.arrayContaining(acknowledged))
    for (const key of keys) {
      const number = Number(key.split('-')[1])
      expect(Buffer.alloc(crashBodyBytes, number & 255).equals((await store.get(key)) ?? Buffer.alloc(0))).toBe(true)
    }
    await store.close()
  }
})

/** Child processes run plain JavaScript, made from the sources under test. */
async function compileTo(target: string): Promise<void> {
  const files = await readdir(join(source, 'store'), { recursive: true })
  const modules = ['errors.ts', ...files.map((file) => `store/${file}`)].filter(
    (file) => file.endsWith('.ts') && !file.endsWith('.test.ts'),
  )
  const options = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 }
  for (const file of modules) {
    const to = join(target, file.replace(/\.ts$/, '.js'))
    await mkdir(dirname(to), { recursive: true })
    await writeFile(to, ts.transpileModule(await readFile(join(source, file), 'utf8'), { compilerOptions: options }).outputText)
  }
  await writeFile(join(target, 'package.json'), '{ "type": "module" }')
  await writeFile(join(target, 'racer.js'), racer)
  await writeFile(join(target, 'writer.js'), writer)
}

function run(script: string, ...given: string[]): ChildProcess {
  return spawn(process.execPath, [join(folder, 'code', script), ...given], { stdio: ['ignore', 'pipe', 'inherit'] })
}

/** What the child printed until it ended, or until it was killed for having printed enough. */
function outputOf(child: ChildProcess, options: { killAfterLines?: number } = {}): Promise<string> {
  const { killAfterLines = Infinity } = options
  return new Promise((resolve, reject) => {
    let output = ''
    child.stdout?.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      if (output.split('\n').length > killAfterLines) child.kill('SIGKILL')
    })
    child.on('error', reject)
    child.on('close', (code) => (code === 0 || killAfterLines < Infinity ? resolve(output) : reject(new Error(`exit ${code}`))))
  })
}
