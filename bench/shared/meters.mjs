import { existsSync, readFileSync } from 'node:fs'

/** @returns {() => number} seconds since this call */
export function stopwatch() {
  const start = performance.now()
  return () => (performance.now() - start) / 1000
}

/** @returns {() => number} CPU seconds of all threads of this process since this call */
export function cpuStopwatch() {
  const before = process.cpuUsage()
  return () => {
    const { user, system } = process.cpuUsage(before)
    return (user + system) / 1e6
  }
}

/** @returns {number} memory of this process that is in RAM, what is garbage not counted */
export function residentBytes() {
  globalThis.gc?.()
  return process.memoryUsage.rss()
}

/** @returns {number} what lies in RAM beside JavaScript's own objects and buffers: the memory of native libraries */
export function nativeBytes() {
  const resident = residentBytes()
  const { heapTotal, external } = process.memoryUsage()
  return resident - heapTotal - external
}

/** @returns {number} bytes that this process has read through system calls; memory-mapped reads do not count. NaN where the system does not tell */
export function bytesRead() {
  if (!existsSync('/proc/self/io')) return Number.NaN
  return Number(/rchar: (\d+)/.exec(readFileSync('/proc/self/io', 'utf8'))?.[1])
}

/**
 * The time of one call of something short: the least of several rounds, each of as many calls as fill a while, so that neither the clock's
 * resolution nor an interruption counts.
 *
 * @param {() => void} work @param {{ roundMs?: number, rounds?: number }} [options] @returns {number} seconds
 */
export function leastSeconds(work, { roundMs = 30, rounds = 5 } = {}) {
  let calls = 1
  const round = () => {
    const elapsed = stopwatch()
    for (let call = 0; call < calls; call++) work()
    return elapsed()
  }
  for (let seconds = round(); seconds < roundMs / 1000; seconds = round()) {
    calls = Math.ceil(calls * Math.min(10, Math.max(1.5, roundMs / 1000 / Math.max(seconds, 1e-7))))
  }
  return Math.min(...Array.from({ length: rounds }, round)) / calls
}
