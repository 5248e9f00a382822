// The part of the WebAssembly namespace that Quiver uses. The library compiles without the DOM types, which hold the full one.

/** A compiled kernel, to be instantiated over any number of memories. */
export interface KernelModule {
  readonly [kernelModule]?: never
}
declare const kernelModule: unique symbol

/**
 * A linear memory. `buffer` is a new object after every `grow`. Views of the old one are detached; those of a shared memory stay, and
 * see the old length only.
 */
export interface KernelMemory {
  readonly buffer: ArrayBufferLike
  /** Adds pages of 64 KiB and returns how many there were. Throws a RangeError when there is no room. */
  grow(pages: number): number
}

interface WebAssemblyNamespace {
  validate(bytes: Uint8Array): boolean
  compile(bytes: Uint8Array): Promise<KernelModule>
  Module: new (bytes: Uint8Array) => KernelModule
  Memory: new (options: { initial: number; maximum?: number; shared?: boolean }) => KernelMemory
  Instance: new (module: KernelModule, imports: Record<string, Record<string, unknown>>) => { readonly exports: unknown }
}

/** The runtime's own. Undefined where there is none. */
export const webAssembly = (globalThis as unknown as { WebAssembly?: WebAssemblyNamespace }).WebAssembly
