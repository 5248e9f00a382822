import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import ts from 'typescript'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const root = join(dirname(fileURLToPath(import.meta.url)), '../../..')
const packageFolder = dirname(dirname(createRequire(import.meta.url).resolve('quiverdb')))
let folder: string

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'quiver-docs-')))
  // Where a user's program would find the package.
  await mkdir(join(folder, 'node_modules'))
  await symlink(packageFolder, join(folder, 'node_modules', 'quiverdb'), 'junction')
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
})
afterAll(() => rm(folder, { recursive: true }))

/** The TypeScript of a page, as one program: later examples go on where earlier ones ended. */
async function programOf(page: string): Promise<string> {
  const blocks = [...(await readFile(join(root, page), 'utf8')).matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code]) => code!)
  expect(blocks.length, `examples in ${page}`).toBeGreaterThan(0)
  return blocks.join('\n')
}

function typeErrors(path: string): string[] {
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: ['node'],
    typeRoots: [join(root, 'node_modules/@types')],
  }
  const diagnostics = ts.getPreEmitDiagnostics(ts.createProgram([path], options))
  return diagnostics.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))
}

/** What a line promises to print: the comment at the end of a `console.log`. `...` stands for anything. */
function promisesOf(program: string): RegExp[] {
  return [...program.matchAll(/^ *console\.log\(.*\) \/\/ (.*)$/gm)].map(
    ([, text]) => new RegExp(`^${text!.split('...').map(escaped).join('.*')}$`, 'm'),
  )
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')

describe.each(
  ['README.md', 'docs/API.md', 'docs/FILTERS.md', 'docs/VECTOR-ENGINE.md', 'docs/DOCUMENTS.md', 'docs/VECTRA.md'].filter((page) =>
    existsSync(join(root, page)),
  ),
)('the examples of %s', (page) => {
  it('compile, run and print what they say', async () => {
    const program = await programOf(page)
    const name = page.replace(/\W/g, '-')
    const cwd = join(folder, name)
    await mkdir(cwd)
    const path = join(cwd, 'example.ts')
    await writeFile(path, program)
    expect(typeErrors(path)).toEqual([])
    const options = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 }
    await writeFile(join(cwd, 'example.js'), ts.transpileModule(program, { compilerOptions: options }).outputText)
    const { stdout, stderr } = await promisify(execFile)(process.execPath, ['example.js'], { cwd })
    expect(stderr).toBe('')
    for (const promise of promisesOf(program)) expect(stdout).toMatch(promise)
  })
})
