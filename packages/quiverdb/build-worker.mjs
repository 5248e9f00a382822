// Bundles what workers of a browser run, with all that it imports but the kernel's binary, into one text that is part of the package.
import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'rolldown'

const dist = join(dirname(fileURLToPath(import.meta.url)), 'dist')
const { output } = await build({
  input: join(dist, 'collection/worker/main-browser.js'),
  platform: 'browser',
  resolve: { conditionNames: ['quiver-worker', 'browser', 'import', 'default'] },
  output: { format: 'iife', minify: true, codeSplitting: false, comments: false },
  write: false,
})
if (output.length !== 1) throw new Error(`The worker became ${output.length} files.`)
writeFileSync(join(dist, 'vector/threads/worker-text.js'), `export const workerText = ${JSON.stringify(output[0].code)}\n`)
