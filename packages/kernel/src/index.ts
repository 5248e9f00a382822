export { binaries as kernelBinaries } from '#binary'
export { checksumBlockBytes, createChecksum } from './checksum.js'
export {
  bestInstructions,
  type BringList,
  canShareMemory,
  createMemory,
  instantiateKernel,
  type Instructions,
  type KernelExports,
  loadKernel,
  type MemorySharing,
  pageBytes,
} from './kernel.js'
export * from './layout.js'
export type { KernelMemory, KernelModule } from './webassembly.js'
