import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { build } from 'rolldown'
import { expect, it } from 'vitest'

const dist = dirname(createRequire(import.meta.url).resolve('quiverdb'))

it.each(['browser', 'vectra/index', 'vector-engine/index', 'embed/index'])(
  'is built for a browser without anything of Node: %s',
  async (entry) => {
    const { output } = await build({
      input: join(dist, `${entry}.js`),
      platform: 'browser',
      // What an installation may lack is left to whoever bundles.
      external: ['@huggingface/transformers'],
      output: { codeSplitting: true },
      logLevel: 'silent',
      write: false,
    })
    const imported = output.flatMap((file) => (file.type === 'chunk' ? [...file.imports, ...file.dynamicImports] : []))
    const files = new Set(output.map(({ fileName }) => fileName))
    expect(imported.filter((name) => !files.has(name) && name !== '@huggingface/transformers')).toEqual([])
  },
)
