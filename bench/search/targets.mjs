import { isQuiver } from '../engines/index.mjs'
import { byEngine, recalls, reference, speedOf } from './summary.mjs'

const k = 10
/** How many times the speed of the reference, and of the fastest other peer. */
const timesWanted = { mnist: [4.5, 2], synthetic: [4.5, 2], hard: [4, 1.8] }
/** What `speed` promises; it is the default while memory allows. Under another Node.js the name goes on. */
const fast = /^quiver(-speed)?( @|$)/
const memoryEngine = 'quiver-memory'
const memoryShareWanted = 1 / 3

/**
 * @param {readonly any[]} rows of `search` @returns {import('../shared/verdicts.mjs').Target[]} for each set that has one, at each recall
 */
export function targetsOf(rows) {
  const measured = rows.filter((row) => row.error === undefined && row.k === k)
  const sets = [...new Set(measured.map((row) => row.set))]
  return sets.flatMap((set) => setTargets(set, byEngine(measured.filter((row) => row.set === set))))
}

function setTargets(set, engines) {
  const referenceRows = engines.get(reference)
  if (!referenceRows || !timesWanted[set]) return []
  const own = [...engines.keys()].filter((name) => fast.test(name) || name.startsWith(memoryEngine))
  const others = [...engines.entries()].filter(([name]) => !isQuiver(name) && name !== reference)
  const targets = recalls.flatMap((recall) => {
    const best = Math.max(...others.map(([, of]) => speedOf(of, recall) ?? 0))
    return own.flatMap((name) => speedTargets(`${set}, ${name}`, engines.get(name), { set, recall, referenceRows, best, name }))
  })
  return [...targets, ...memoryTargets(set, engines)]
}

function speedTargets(of, rows, { set, recall, referenceRows, best, name }) {
  const speed = speedOf(rows, recall)
  // A recall that is never reached is no speed at all.
  const times = (theirs) => (theirs > 0 ? (speed ?? 0) / theirs : undefined)
  const ofReference = times(speedOf(referenceRows, recall))
  if (name.startsWith(memoryEngine)) return [{ what: `x ${reference} @${recall}`, of, measured: ofReference, wanted: 1 }]
  const [wanted, wantedOfBest] = timesWanted[set]
  return [
    { what: `x ${reference} @${recall}`, of, measured: ofReference, wanted },
    { what: `x best other peer @${recall}`, of, measured: times(best), wanted: wantedOfBest },
  ]
}

function memoryTargets(set, engines) {
  const memoryOf = (name) => engines.get(name)?.[0].memoryMb
  const mine = memoryOf(memoryEngine)
  if (mine === undefined) return []
  const measured = mine / memoryOf(reference)
  return [{ what: `memory / ${reference}'s`, of: `${set}, ${memoryEngine}`, measured, wanted: memoryShareWanted, atMost: true }]
}
