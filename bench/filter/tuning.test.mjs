import { expect, test } from 'vitest'
import { withRatios } from './summary.mjs'
import { bestOf, leastEfforts, speedAt } from './tuning.mjs'

const settings = [
  { k: 10, linear: true },
  ...[16, 32, 64].flatMap((ef) => [false, true].map((refiner) => ({ k: 10, ef, refiner }))),
]
const hour = 3_600_000

/** Measures what the test says, and remembers what was asked for. */
function measured(recallOf) {
  const asked = []
  const measure = async (setting) => {
    asked.push(setting)
    return { setting, recall: recallOf(setting), qps: 1, p50Ms: 1, answered: 200 }
  }
  return { asked, measure }
}

test('each kind of setting is tried from little effort to just enough', async () => {
  const { asked, measure } = measured(({ ef, refiner }) => (ef === undefined ? 1 : Math.min(1, ef / 70 + (refiner ? 0.5 : 0))))
  const points = await leastEfforts(settings, measure, hour)
  expect(points.map(({ setting }) => setting)).toEqual([
    { k: 10, linear: true },
    { k: 10, ef: 64, refiner: false },
    { k: 10, ef: 32, refiner: true },
  ])
  expect(asked.filter(({ refiner }) => refiner).map(({ ef }) => ef)).toEqual([16, 32])
})

test('without enough recall the effort that found most is kept, and no time is no further effort', async () => {
  const poor = measured(({ ef }) => (ef === 32 ? 0.9 : 0.5))
  const graph = settings.filter(({ refiner }) => refiner === true)
  expect((await leastEfforts(graph, poor.measure, hour))[0].setting.ef).toBe(32)
  expect((await leastEfforts(graph, poor.measure, -1))[0].setting.ef).toBe(16)
})

test('the best is the fastest that finds enough, else the one that finds most', () => {
  const slow = { recall: 0.99, qps: 10 }
  const fast = { recall: 0.96, qps: 30 }
  const careless = { recall: 0.8, qps: 100 }
  expect(bestOf([slow, careless, fast])).toBe(fast)
  expect(bestOf([careless, { recall: 0.5, qps: 500 }])).toBe(careless)
})

test('a speed beyond the highest recall is that of the highest', () => {
  const points = [
    { recall: 0.9, qps: 400 },
    { recall: 0.98, qps: 100 },
  ]
  expect(speedAt(points, 0.94)).toBeCloseTo(200)
  expect(speedAt(points, 1)).toBeCloseTo(100)
})

test('Quiver is compared with the fastest peer that found enough, and with itself without a filter', () => {
  const unfiltered = [{ recall: 0.97, qps: 1_000 }]
  const rows = withRatios([
    { engine: 'quiver', reached: true, recall: 0.97, qps: 500, unfiltered },
    { engine: 'lancedb', reached: true, recall: 0.99, qps: 250 },
    { engine: 'zvec-int8', reached: false, recall: 0.2, qps: 9_000 },
    { engine: 'sqlite-vec', error: 'not installed' },
  ])
  expect(rows[0]).toMatchObject({ timesBest: 2, timesUnfiltered: 0.5 })
  expect(rows[0]).not.toHaveProperty('unfiltered')
  expect(rows[2]).not.toHaveProperty('timesBest')
})
