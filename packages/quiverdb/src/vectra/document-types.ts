import type { DocumentCatalog } from './codecs/index-codec.js'
import type { MetadataConfig, MetadataTypes } from './types.js'

export type EmbeddingsResponseStatus = 'success' | 'error' | 'rate_limited' | 'cancelled'

export interface EmbeddingsResponse {
  status: EmbeddingsResponseStatus
  /** A vector for each text, where the status is `success`. */
  output?: number[][]
  /** What went wrong, where it is not. */
  message?: string
  model?: string
  usage?: Record<string, unknown>
}

/** Turns texts into vectors. */
export interface EmbeddingsModel {
  /** Tokens of all texts of one call, at most. */
  readonly maxTokens: number
  createEmbeddings(inputs: string | string[]): Promise<EmbeddingsResponse>
}

/** Finds documents. */
export interface TextFetcher {
  /**
   * Calls `onDocument` for each document that it finds at `uri`.
   *
   * @returns whether all calls returned true
   */
  fetch(uri: string, onDocument: (uri: string, text: string, docType?: string) => Promise<boolean>): Promise<boolean>
}

/** What an index knows of a chunk. */
export interface DocumentChunkMetadata {
  documentId: string
  /** Position of its first character in the document. */
  startPos: number
  /** Position of its last character. */
  endPos: number
  [key: string]: MetadataTypes
}

export interface DocumentCatalogStats {
  version: DocumentCatalog['version']
  documents: number
  chunks: number
  metadata_config: MetadataConfig
}

/** A part of a document for a prompt. */
export interface DocumentTextSection {
  text: string
  tokenCount: number
  score: number
  /** Whether it was found by keywords alone. */
  isBm25: boolean
}
