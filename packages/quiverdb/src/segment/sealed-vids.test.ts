import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Bitset, wordsFor } from '../format/bitset.js'
import { areFrom, matchAscending } from './sealed-vids.js'

/** Vids as they come: mostly one by one, with gaps. */
const ascending = fc
  .tuple(
    fc.nat({ max: 100 }),
    fc.array(fc.tuple(fc.integer({ min: 1, max: 90 }), fc.integer({ min: 1, max: 60 })), { maxLength: 6 }),
  )
  .map(([first, runs]) => {
    const vids: number[] = []
    let next = first
    for (const [length, gap] of runs) {
      for (let i = 0; i < length; i++) vids.push(next++)
      next += gap
    }
    return Float64Array.from(vids)
  })

test('matching two lists marks what both have', () => {
  fc.assert(
    fc.property(ascending, ascending, fc.boolean(), fc.func(fc.boolean()), (vids, others, areSame, isAmong) => {
      const nodeVids = areSame ? vids : others
      const among = new Bitset(vids.length)
      for (const slot of vids.keys()) if (areSame || isAmong(slot)) among.add(slot)
      const [rows, nodes] = [new Uint32Array(wordsFor(vids.length)), new Uint32Array(wordsFor(nodeVids.length))]
      const { first, last } = matchAscending(vids, nodeVids, among.words, rows, nodes)
      const [expectedRows, expectedNodes] = [new Bitset(vids.length), new Bitset(nodeVids.length)]
      for (const slot of vids.keys()) {
        const node = nodeVids.indexOf(vids[slot]!)
        if (!among.has(slot) || node < 0) continue
        expectedRows.add(slot)
        expectedNodes.add(node)
      }
      expect([rows, nodes]).toEqual([expectedRows.words, expectedNodes.words])
      const matched = [...nodeVids.keys()].filter((node) => expectedNodes.has(node))
      expect([first, last]).toEqual([matched[0] ?? -1, matched.at(-1) ?? -1])
    }),
  )
})

test('lists are equal from a place on only where every number is', () => {
  fc.assert(
    fc.property(ascending, fc.nat(), fc.nat(), (vids, before, place) => {
      const from = before % 50
      const others = new Float64Array(from + vids.length)
      others.set(vids, from)
      expect(areFrom(vids, others, from, false)).toBe(true)
      if (!vids.length) return
      const changed = place % vids.length
      others[from + changed] = vids[changed]! + 0.5
      expect(areFrom(vids, others, from, false)).toBe(false)
      others[from + changed] = vids[changed]!
      const ascendToo = others.map((vid, i) => (i < from ? i - from : vid))
      expect(areFrom(vids, ascendToo, from, true)).toBe(true)
      expect(areFrom(vids, ascendToo.subarray(0, -1), from, true)).toBe(false)
      const shifted = vids.map((vid, i) => (i < changed ? vid : vid + 1))
      expect(areFrom(vids, shifted, 0, true)).toBe(false)
    }),
  )
})
