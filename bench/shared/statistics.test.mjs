import { expect, test } from 'vitest'
import { median, paretoFront, percentile, speedAtRecall } from './statistics.mjs'

test('a percentile lies between the nearest ranks', () => {
  expect(median([4, 1, 3])).toBe(3)
  expect(median([1, 2, 3, 4])).toBe(2.5)
  expect(percentile([10, 20], 0.75)).toBe(17.5)
})

const points = [
  { recall: 0.9, speed: 1000 },
  { recall: 0.92, speed: 400 },
  { recall: 0.98, speed: 500 },
  { recall: 0.99, speed: 100 },
]

test('the front leaves out what is beaten in both', () => {
  expect(paretoFront(points).map((point) => point.recall)).toEqual([0.9, 0.98, 0.99])
})

test('the speed at a recall is interpolated on the logarithm', () => {
  expect(speedAtRecall(points, 0.94)?.speed).toBeCloseTo(Math.sqrt(1000 * 500), 6)
  expect(speedAtRecall(points, 0.98)?.speed).toBeCloseTo(500, 6)
})

test('below the lowest recall the speed is a lower bound, above the highest it is unknown', () => {
  expect(speedAtRecall(points, 0.5)).toEqual({ speed: 1000, atLeast: true })
  expect(speedAtRecall(points, 0.995)).toBeUndefined()
})
