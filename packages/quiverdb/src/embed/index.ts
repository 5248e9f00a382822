export { aiSdkEmbedder, type AiSdkEmbeddingModel, type AiSdkOptions } from './ai-sdk.js'
export { builtInEmbedder, type BuiltInOptions } from './built-in.js'
export { MemoryEmbeddingCache, storedEmbeddingCache, type EmbeddingCache, type VectorRecords } from './cache.js'
export { embedTexts, type EmbedTextsOptions } from './embed-texts.js'
export type { EmbedCall, Embedder, EmbedderLimits, Purpose } from './embedder.js'
export {
  azureEmbedder,
  ollamaEmbedder,
  openAiEmbedder,
  type AzureOptions,
  type OllamaOptions,
  type OpenAiOptions,
  type ServiceOptions,
} from './http-embedder.js'
export { transformersEmbedder, type TransformersOptions } from './transformers.js'
