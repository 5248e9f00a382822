import { bucketCount, nearFields, randomField } from '../sets/attributes.mjs'

/**
 * @typedef {'independent' | 'correlated' | 'adversarial'} Kind
 * @typedef {{ field: string, from: number, to: number }} Condition from <= field < to
 */

/** How the matches of a filter lie beside the queries that are asked with it. @type {readonly Kind[]} */
export const kinds = ['independent', 'correlated', 'adversarial']
/** Per cent of the rows that match. */
export const shares = [0.1, 1, 10, 50, 90, 100]
/** Different filters of a cell. */
export const filterCount = nearFields.length

/**
 * Filters that so many rows match. `independent`: ranges of the random attribute, spread over it. `correlated`: the rows nearest to each
 * pivot. `adversarial`: the rows farthest from it.
 *
 * @param {Kind} kind @param {number} share in per cent @returns {Condition[]} one for each of {@link filterCount} groups of queries
 */
export function conditionsOf(kind, share) {
  const width = Math.round((share / 100) * bucketCount)
  if (kind === 'correlated') return nearFields.map((field) => ({ field, from: 0, to: width }))
  if (kind === 'adversarial') return nearFields.map((field) => ({ field, from: bucketCount - width, to: bucketCount }))
  return Array.from({ length: filterCount }, (_, i) => {
    const from = Math.round((i * (bucketCount - width)) / (filterCount - 1))
    return { field: randomField, from, to: from + width }
  })
}
