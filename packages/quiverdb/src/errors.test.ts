import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { errorCodes, QuiverError } from './errors.js'

it('has a page that explains every code, and no other', () => {
  const page = readFileSync(new URL('../../../docs/ERRORS.md', import.meta.url), 'utf8')
  const explained = [...page.matchAll(/^\| `([A-Z_]+)` \|/gm)].map(([, code]) => code)
  expect(explained).toEqual([...errorCodes])
})

it('keeps its facts from being changed', () => {
  const details = { expected: 768 }
  const error = new QuiverError('DIMENSION_MISMATCH', 'too short', { details, cause: 'a test' })
  details.expected = 2
  expect(error).toMatchObject({ name: 'QuiverError', code: 'DIMENSION_MISMATCH', details: { expected: 768 }, cause: 'a test' })
  expect(() => Object.assign(error.details, { expected: 2 })).toThrow(TypeError)
})
