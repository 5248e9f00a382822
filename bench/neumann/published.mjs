// The tables of Neumann's vector engine as its reference prints them, on a machine that it does not name.

/** @type {readonly { preset: string, bytesPerNode: number, recall: number, searchMs: number }[]} */
export const presets = [
  {
    preset: 'high_speed',
    bytesPerNode: 128,
    recall: 0.85,
    searchMs: 0.1,
  },
  {
    preset: 'default',
    bytesPerNode: 256,
    recall: 0.95,
    searchMs: 0.3,
  },
  {
    preset: 'high_recall',
    bytesPerNode: 512,
    recall: 0.99,
    searchMs: 1,
  },
]

export const sizes = [
  { rows: 200, bruteForceMs: 4170, hnswMs: 0.0093, speedup: '448,000x' },
  { rows: 1_000, bruteForceMs: 5, hnswMs: 0.02, speedup: '250x' },
  { rows: 10_000, bruteForceMs: 50, hnswMs: 0.05, speedup: '1000x' },
  { rows: 100_000, bruteForceMs: 500, hnswMs: 0.1, speedup: '5000x' },
]

export const simdGains = [
  { dimensions: 8, gain: '1x' },
  { dimensions: 64, gain: '4-6x' },
  { dimensions: 384, gain: '6-8x' },
  { dimensions: 768, gain: '6-8x' },
  { dimensions: 1536, gain: '6-8x' },
  { dimensions: 3072, gain: '6-8x' },
]
