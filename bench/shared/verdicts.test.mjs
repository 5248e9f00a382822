import { expect, test } from 'vitest'
import { isMet, verdictTable } from './verdicts.mjs'

const target = { what: 'x', of: 'y', wanted: 2 }

test('a target is a least or a most', () => {
  expect(isMet({ ...target, measured: 2 })).toBe(true)
  expect(isMet({ ...target, measured: 1.9 })).toBe(false)
  expect(isMet({ ...target, measured: 1.9, atMost: true })).toBe(true)
  expect(isMet({ ...target, measured: 2.1, atMost: true })).toBe(false)
})

test('what was not measured is not met, and says so', () => {
  expect(isMet({ ...target, measured: undefined })).toBe(false)
  expect(verdictTable([{ ...target, measured: undefined }])).toMatch(/not measured/)
  expect(verdictTable([{ ...target, measured: 1 }])).toMatch(/>= 2.00.*MISSED/)
})
