import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { demo } from './demo.js'
import { secondProcess, secondProcessFlag } from './second-process.js'

const [flag, folder, version] = process.argv.slice(2)

if (flag === secondProcessFlag) {
  await secondProcess(folder!, version!)
} else {
  const fresh = await mkdtemp(join(tmpdir(), 'quiver-demo-'))
  const keep = flag === '--keep'
  try {
    await demo(fresh, keep)
  } finally {
    if (!keep) await rm(fresh, { recursive: true, force: true })
  }
}
