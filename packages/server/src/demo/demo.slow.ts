import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

it('the demo runs through, finds what it promises and removes its folder', { timeout: 120_000 }, () => {
  const script = fileURLToPath(new URL('../../dist/demo/main.js', import.meta.url))
  const { status, stdout } = spawnSync(process.execPath, [script], { encoding: 'utf8' })
  expect(status).toBe(0)
  expect(stdout).toContain('the same neighbours for 200 of 200 digits')
  const recall = Number(/Recall@10 with the index: ([\d.]+) %/.exec(stdout)?.[1])
  expect(recall).toBeGreaterThan(98)
  expect(stdout).toContain('It sees 8,968 digits now, and 10,000 at version')
  expect(stdout).toMatch(/found them whole\.\n\n +Done\. The folder is removed again/)
})
