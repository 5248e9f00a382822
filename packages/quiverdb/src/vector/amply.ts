import { QuiverError } from '../errors.js'

/** Less than this share more than is needed is not worth having. */
const extraShareMin = 1 / 64

/** Allocates as much as is wished for; where there is no room for that, as much of it beyond what is needed as there is. @throws QuiverError MEMORY_FULL */
export function allocateAmply<R>(wished: number, needed: number, allocate: (amount: number) => R): R {
  for (let extra = Math.max(0, wished - needed); ; extra = extra > needed * extraShareMin ? Math.floor(extra / 2) : 0) {
    try {
      return allocate(needed + extra)
    } catch (error) {
      if (!(error instanceof QuiverError) || error.code !== 'MEMORY_FULL' || extra === 0) throw error
    }
  }
}
