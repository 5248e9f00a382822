export { checksumBlockBytes, createChecksum } from './checksum.js'
export { createMemory, instantiateKernel, type KernelExports, loadKernel, pageBytes } from './kernel.js'
export * from './layout.js'
export type { KernelMemory, KernelModule } from './webassembly.js'
