import type { Instructions } from './kernel.js'

/** The kernel as whoever starts a worker hands it over: the page has it already, so the worker's script need not carry it. */
export const binaries = (
  globalThis as unknown as { quiverKernel: Record<Instructions, { base64: string; memoryFlagOffset: number }> }
).quiverKernel
