import { RushProblem } from '../problem.js'
import type { Unit } from '../project.js'
import { loadRecords } from '../records/read.js'
import { changedRecord, propertiesOfIndexes, propertiesOfRecord, replaceRecords } from '../records/write.js'
import { typeAndName } from '../stored.js'
import { ofProperty } from './property.js'

/** A commit holds so many. */
const recordsMax = 200_000

/** Takes a property, and the vectors of its values, from all records that have it. Returns how many. @throws RushProblem 413 */
export async function deleteProperty(unit: Unit, prop: string): Promise<number> {
  const where = ofProperty(prop)
  const count = await unit.records.count({ where })
  if (count > recordsMax)
    throw new RushProblem(413, `${count} records have this property; one commit changes at most ${recordsMax}.`)
  const [, name] = typeAndName(prop)
  const records = await loadRecords(unit, where)
  const propertyOf = await propertiesOfIndexes(unit, records)
  const changes = records.map((before) => {
    const properties = new Map(propertiesOfRecord(before))
    properties.delete(name)
    return { before, after: changedRecord(before, { properties, vectors: {} }, 'rewrite', propertyOf) }
  })
  await replaceRecords(unit, changes)
  return changes.length
}
