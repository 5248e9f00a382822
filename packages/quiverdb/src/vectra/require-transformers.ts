import { createRequire } from 'node:module'
import type { TransformersLibrary } from './transformers-loader.js'

// At run time, and so that tests can stand in for it.
const require = createRequire(import.meta.url)
const packageName: string = '@huggingface/transformers'

export async function requireTransformers(): Promise<TransformersLibrary> {
  return require(packageName) as TransformersLibrary
}
