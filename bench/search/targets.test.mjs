import { expect, test } from 'vitest'
import { isMet } from '../shared/verdicts.mjs'
import { targetsOf } from './targets.mjs'

const row = (engine, recall, qps, more = {}) => ({
  set: 'hard',
  engine,
  k: 10,
  recall,
  qps,
  p50Ms: 1,
  cpuQps: qps,
  memoryMb: 300,
  ...more,
})
const hnswlib = [row('hnswlib-node', 0.9, 200), row('hnswlib-node', 0.995, 100)]
const verdictOf = (rows, what, of) => {
  const target = targetsOf(rows).find((target) => target.what === what && target.of === of)
  return target && { measured: target.measured, met: isMet(target) }
}

test('the speed of the fast mode is held against the reference and against the fastest other peer at equal recall', () => {
  const rows = [
    ...hnswlib,
    row('usearch', 0.999, 80),
    row('zvec', 0.999, 160),
    row('quiver', 0.96, 900),
    row('quiver', 0.999, 320),
  ]
  expect(verdictOf(rows, 'x best other peer @0.95', 'hard, quiver')).toEqual({ measured: 900 / 160, met: true })
  expect(verdictOf(rows, 'x best other peer @0.99', 'hard, quiver')?.met).toBe(true)
  expect(verdictOf(rows, 'x hnswlib-node @0.99', 'hard, quiver')?.met).toBe(false)
})

test('a recall that is never reached is a miss', () => {
  const rows = [...hnswlib, row('quiver', 0.98, 9_000)]
  expect(verdictOf(rows, 'x hnswlib-node @0.99', 'hard, quiver')).toEqual({ measured: 0, met: false })
})

test('the mode for little memory is to be no slower, in a third of the memory', () => {
  const rows = [...hnswlib, row('quiver-memory', 0.996, 120, { memoryMb: 90 })]
  expect(verdictOf(rows, 'x hnswlib-node @0.99', 'hard, quiver-memory')?.met).toBe(true)
  expect(verdictOf(rows, "memory / hnswlib-node's", 'hard, quiver-memory')).toEqual({ measured: 0.3, met: true })
})

test('other k, other modes and sets without a target have none', () => {
  const balanced = [...hnswlib, row('quiver-balanced', 0.999, 1)]
  expect(targetsOf(balanced)).toEqual([])
  expect(targetsOf([...hnswlib, row('quiver', 0.999, 1)].map((each) => ({ ...each, k: 1 })))).toEqual([])
  expect(targetsOf([...hnswlib, row('quiver', 0.999, 1)].map((each) => ({ ...each, set: 'clusters' })))).toEqual([])
})
