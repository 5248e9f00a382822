import type { Filter } from 'quiverdb'
import { chunksOf } from '../chunks.js'
import type { Unit } from '../project.js'
import { pathOf, type PropertyValue } from '../stored.js'
import { type LoadedRecord, loadRecords } from './read.js'
import { type Entry, type Match, WorkingSet } from './working-set.js'
import {
  changedRecord,
  type Given,
  newRecord,
  propertiesOfIndexes,
  replaceRecords,
  storeRecords,
  type Strategy,
} from './write.js'

export interface UpsertOptions {
  /** Empty: all names that came. */
  readonly mergeBy: readonly string[]
  readonly strategy: Strategy
}

/** Values of one `$in`: what was read is written into the log, and this many texts should fit. */
const valuesPerReadMax = 5_000

/**
 * Changes the records that match, and makes those that do not. One after the other: what an earlier one made, a later one finds.
 * Returns for each its record as it is at the end, the oldest where several matched.
 */
export async function upsertRecords(
  unit: Unit,
  given: readonly Given[],
  { mergeBy, strategy }: UpsertOptions,
): Promise<LoadedRecord[]> {
  const matches = given.map((one) => matchOf(one, mergeBy))
  const records = await candidates(unit, matches)
  const propertyOf = await propertiesOfIndexes(
    unit,
    [...records.entries].map(({ now }) => now),
  )
  const chosen = given.map((one, at) => {
    const match = matches[at]
    const found = match ? records.find(match) : []
    for (const entry of found) records.change(entry, changedRecord(entry.now, one, strategy, propertyOf))
    return found[0] ?? added(records, one)
  })
  const entries = [...records.entries].filter(({ isChanged }) => isChanged)
  await storeRecords(
    unit,
    entries.filter(({ before }) => !before).map(({ now }) => now),
  )
  await replaceRecords(
    unit,
    entries.flatMap(({ before, now }) => (before ? [{ before, after: now }] : [])),
  )
  return chosen.map(({ now }) => now)
}

function added(records: WorkingSet, given: Given): Entry {
  const entry = { before: undefined, now: newRecord(given), isChanged: true }
  records.add(entry)
  return entry
}

/** Undefined where the record lacks what it would be found by: then it is a new one. */
function matchOf({ label, properties }: Given, mergeBy: readonly string[]): Match | undefined {
  const names = [...new Set(mergeBy.length > 0 ? mergeBy : properties.keys())].sort()
  const values = names.map((name) => properties.get(name)?.value)
  if (names.length === 0 || values.includes(undefined)) return undefined
  return { label, names, values: values as PropertyValue[] }
}

/** All stored records that may match, and a few that do not: those of one label and with the same names are asked for together. */
async function candidates(unit: Unit, matches: readonly (Match | undefined)[]): Promise<WorkingSet> {
  const groups = new Map<string, Match[]>()
  for (const match of matches) {
    if (!match) continue
    const key = JSON.stringify([match.label ?? null, ...match.names])
    const group = groups.get(key)
    if (group) group.push(match)
    else groups.set(key, [match])
  }
  const records = new WorkingSet()
  for (const group of groups.values())
    for (const where of conditionsOf(group))
      for (const record of await loadRecords(unit, where))
        if (!records.has(record.id)) records.add({ before: record, now: record, isChanged: false })
  return records
}

/**
 * Asks for the values of the name that tells most apart, the shortest of such, and for those that are the same in all. What was asked for goes into the log,
 * so that all values of all names would be too much.
 */
function conditionsOf(group: readonly Match[]): Filter[] {
  const { label, names } = group[0]!
  const columns = names.map((name, at) => {
    const values = new Map(group.map(({ values }) => [JSON.stringify(values[at]), values[at]!]))
    return { path: pathOf(name), values: [...values.values()], length: [...values.keys()].join('').length }
  })
  const distinct = columns.reduce((most, column) => {
    const more = column.values.length - most.values.length || most.length - column.length
    return more > 0 ? column : most
  })
  const common = columns
    .filter((column) => column !== distinct && column.values.length === 1)
    .map(({ path, values }) => ({ [path]: { $eq: values[0]!, ...whole } }))
  return chunksOf(distinct.values, valuesPerReadMax).map((values) => ({
    $and: [...(label === undefined ? [] : [{ label }]), ...common, { [distinct.path]: { $in: values, ...whole } }],
  }))
}

const whole = { $with: { arrays: 'whole' } } as const
