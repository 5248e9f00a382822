/** What is used of `@huggingface/transformers`. */
export interface TransformersLibrary {
  pipeline(task: 'feature-extraction', model: string, options?: Record<string, unknown>): Promise<FeatureExtractor>
}

export interface FeatureExtractor {
  (
    texts: string | string[],
    options: { pooling: string; normalize: boolean },
  ): Promise<{ readonly data: ArrayLike<number>; readonly dims?: readonly number[] }>
  readonly tokenizer?: unknown
}

export type LoadTransformers = () => Promise<TransformersLibrary>

const packageName: string = '@huggingface/transformers'

// By a name that compilers and bundlers do not follow: the package is large, and few have it.
const installed: LoadTransformers = async () => (await import(/* @vite-ignore */ packageName)) as TransformersLibrary

let load = installed

export const loadTransformers: LoadTransformers = () => load()

/** For tests, and for bundlers, which must be told: `_setTransformersLoader(() => import('@huggingface/transformers'))`. */
export function _setTransformersLoader(loader: LoadTransformers | undefined): void {
  load = loader ?? installed
}
