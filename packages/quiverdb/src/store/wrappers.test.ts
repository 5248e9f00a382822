import { describe, expect, it } from 'vitest'
import { FailingStore, fullFrom, scriptedFaults, seededFaults, type FaultPlan, type StoreFault } from './failing-store.js'
import { InstrumentedStore } from './instrumented-store.js'
import { MemoryObjects, MemoryStore } from './memory-store.js'

const one = Uint8Array.of(1)

/** A failing store, and a sound one over the same objects. */
function pair(plan: FaultPlan) {
  const objects = new MemoryObjects()
  return { failing: new FailingStore(new MemoryStore(objects), plan), sound: new MemoryStore(objects) }
}

describe('a failing store', () => {
  const cases: [StoreFault, string, boolean][] = [
    [{ kind: 'before' }, 'STORAGE_FAILED', false],
    [{ kind: 'full' }, 'STORAGE_FULL', false],
    [{ kind: 'lost' }, 'COMMIT_UNKNOWN', false],
    [{ kind: 'after' }, 'COMMIT_UNKNOWN', true],
    [{ kind: 'late', requests: 5 }, 'COMMIT_UNKNOWN', false],
  ]
  it.each(cases)('answers putNew under %j with %s', async (fault, code, happened) => {
    const { failing, sound } = pair(scriptedFaults({ 1: fault }))
    await expect(failing.putNew('k', one)).rejects.toMatchObject({ code })
    expect(sound.sync.exists('k')).toBe(happened)
    expect(await failing.putNew('other', one)).toBe('created')
  })

  it('does not leave other verbs in doubt about a commit', async () => {
    const { failing, sound } = pair(() => ({ kind: 'after' }))
    await expect(failing.put('k', one)).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    await expect(failing.get('k')).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    await expect(failing.delete(['k'])).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    await expect(failing.list('')[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    expect(sound.sync.exists('k')).toBe(false)
  })

  it('lets a late write land behind others, or when told', async () => {
    const { failing, sound } = pair(scriptedFaults({ 1: { kind: 'late', requests: 2 }, 2: { kind: 'late', requests: 90 } }))
    const body = one.slice()
    await expect(failing.putNew('first', body)).rejects.toThrow('late')
    body[0] = 9
    await expect(failing.putNew('second', one)).rejects.toThrow('late')
    expect(await failing.get('first')).toBeNull()
    expect(await failing.get('first')).toEqual(one)
    expect(sound.sync.exists('second')).toBe(false)
    await failing.land()
    expect(sound.sync.exists('second')).toBe(true)
  })

  it('does not let a late write replace what came before it', async () => {
    const { failing } = pair(scriptedFaults({ 1: { kind: 'late', requests: 1 } }))
    await expect(failing.putNew('k', one)).rejects.toThrow('late')
    expect(await failing.putNew('k', Uint8Array.of(2))).toBe('created')
    await failing.land()
    expect(await failing.get('k')).toEqual(Uint8Array.of(2))
  })

  it('can hide that a write was its own, or just be slow', async () => {
    const { failing } = pair(scriptedFaults({ 1: { kind: 'repeated' }, 2: { kind: 'delay', delayMs: 1 } }))
    expect(await failing.putNew('k', one)).toBe('exists')
    expect(await failing.get('k')).toEqual(one)
  })

  it('runs full from a write on, and may find space again', async () => {
    let full = true
    const { failing } = pair(fullFrom(2, () => full))
    expect(await failing.putNew('a', one)).toBe('created')
    expect(await failing.get('a')).toEqual(one)
    await expect(failing.putNew('b', one)).rejects.toMatchObject({ code: 'STORAGE_FULL' })
    await expect(failing.put('c', one)).rejects.toMatchObject({ code: 'STORAGE_FULL' })
    full = false
    expect(await failing.putNew('b', one)).toBe('created')
  })

  it('repeats its faults for the same seed', async () => {
    const outcomes = async (seed: number) => {
      const { failing } = pair(seededFaults(seed, 0.4, ['before', 'after', 'late', 'repeated']))
      const seen: string[] = []
      for (let i = 0; i < 200; i++) {
        seen.push(await failing.putNew(`k${i % 50}`, one).catch((error: Error) => error.message))
      }
      return seen
    }
    const first = await outcomes(7)
    expect(await outcomes(7)).toEqual(first)
    expect(await outcomes(8)).not.toEqual(first)
    for (const kind of ['before', 'after', 'late', 'created', 'exists'])
      expect(first.some((text) => text.includes(kind))).toBe(true)
  })
})

describe('an instrumented store', () => {
  it('counts requests, failures and bytes of each verb', async () => {
    const store = new InstrumentedStore(new FailingStore(new MemoryStore(), scriptedFaults({ 2: { kind: 'before' } })))
    await store.putNew('k', new Uint8Array(10))
    await store.putNew('k', new Uint8Array(10)).catch(() => {})
    await store.put('p', [new Uint8Array(3), new Uint8Array(4)])
    await store.get('k', { start: 2, end: 5 })
    await store.get('absent')
    for await (const key of store.list('')) expect(['k', 'p']).toContain(key)
    store.sync?.readInto('k', 8, new Uint8Array(9))
    await store.delete(['k'])
    const counts = store.counts()
    expect(counts).toMatchObject({
      putNew: { requests: 2, failures: 1, bytes: 10 },
      put: { requests: 1, failures: 0, bytes: 7 },
      get: { requests: 2, failures: 0, bytes: 3 },
      list: { requests: 1, failures: 0, bytes: 0 },
      delete: { requests: 1, failures: 0, bytes: 0 },
      syncReadInto: { requests: 1, failures: 0, bytes: 2 },
    })
    store.reset()
    expect(store.counts().putNew).toEqual({ requests: 0, failures: 0, bytes: 0 })
    expect(counts.putNew.requests).toBe(2)
  })
})
