import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { statusOfCode, statusOfRefusal } from './problems.js'

const page = readFileSync(new URL('../../../../docs/ERRORS.md', import.meta.url), 'utf8')

it('has the statuses that the page of errors shows', () => {
  const shown = [...page.matchAll(/^\| `([A-Z_]+)` \| (\d{3}) \|/gm)].map(([, code, status]) => [code, Number(status)])
  expect(Object.fromEntries(shown)).toEqual(statusOfCode)
})

it('has the refusals that the page names', () => {
  const shown = [...page.matchAll(/`([A-Z_]+)` \((\d{3})/g)].map(([, code, status]) => [code, Number(status)])
  expect(Object.fromEntries(shown)).toEqual(statusOfRefusal)
})
