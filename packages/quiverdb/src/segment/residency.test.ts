import { describe, expect, it } from 'vitest'
import { QuiverError } from '../errors.js'
import { NotResident, whenResident } from './part-file.js'
import { type Resident, Residency } from './residency.js'

class Block implements Resident {
  lastUsed = 0
  freed = 0
  free(): void {
    this.freed++
  }
}

describe('a resident that is held', () => {
  const full = (isFull: () => boolean) => (): string => {
    if (isFull()) throw new QuiverError('MEMORY_FULL', 'no room')
    return 'done'
  }

  it('stays when memory is full, and another goes', async () => {
    const residency = new Residency()
    const [held, other] = [new Block(), new Block()]
    residency.run(() => residency.use(held))
    residency.run(() => residency.use(other))
    await residency.hold(held, async () => {
      await Promise.resolve()
      expect(residency.run(full(() => other.freed === 0))).toBe('done')
    })
    expect([held.freed, other.freed]).toEqual([0, 1])
  })

  it('lets what needs its room wait until it may go', async () => {
    const residency = new Residency()
    const held = new Block()
    residency.run(() => residency.use(held))
    let end: () => void = () => undefined
    const holding = residency.hold(held, () => new Promise<void>((resolve) => (end = resolve)))
    const work = full(() => held.freed === 0)
    expect(() => residency.run(work)).toThrow(NotResident)
    const waiting = whenResident(() => residency.run(work))
    end()
    await holding
    expect(await waiting).toBe('done')
    // Nobody holds anything: what has no room has none.
    expect(() => residency.run(full(() => true))).toThrow(expect.objectContaining({ code: 'MEMORY_FULL' }))
  })

  it('goes when the last one has let it go, where it was released meanwhile', async () => {
    const residency = new Residency()
    const held = new Block()
    residency.use(held)
    const ends: (() => void)[] = []
    const holds = [0, 1].map(() => residency.hold(held, () => new Promise<void>((resolve) => void ends.push(resolve))))
    residency.release(held)
    residency.release(held)
    ends[0]!()
    await holds[0]
    expect(held.freed).toBe(0)
    ends[1]!()
    await holds[1]
    expect(held.freed).toBe(1)
    await expect(residency.hold(held, () => Promise.reject(new Error('failed')))).rejects.toThrow('failed')
    residency.release(held)
    expect(held.freed).toBe(2)
  })
})
