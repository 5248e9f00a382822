export { checksumBlockBytes, createChecksum } from './checksum.js'
export {
  canShareMemory,
  createMemory,
  instantiateKernel,
  type KernelExports,
  loadKernel,
  type MemorySharing,
  pageBytes,
} from './kernel.js'
export * from './layout.js'
export type { KernelMemory, KernelModule } from './webassembly.js'
