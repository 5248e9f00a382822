import { pathUtils } from '../storage/path-utils.js'
import type { FileStorage } from '../storage/file-storage.js'
import { VectraError } from '../vectra-error.js'
import type { IndexCodec } from './index-codec.js'
import { JsonCodec } from './json-codec.js'
import { ProtobufCodec } from './protobuf-codec.js'

/**
 * The codec of the index in a folder, by the name of its file.
 * @throws VectraError CONFLICT: two formats are there. NOT_FOUND.
 */
export async function detectCodec(folderPath: string, storage: FileStorage): Promise<IndexCodec> {
  const { json, protobuf } = await formatsIn(folderPath, storage)
  if (json && protobuf) {
    throw new VectraError(
      'CONFLICT',
      'Both index.json and index.pb found — the index may be in a partially migrated state. Run `vectra migrate` or `migrateIndex()` to complete the migration.',
    )
  }
  if (json) return new JsonCodec()
  if (protobuf) return new ProtobufCodec()
  throw new VectraError('NOT_FOUND', 'No index file found (expected index.json or index.pb).')
}

/** Which index files are there. */
export async function formatsIn(folderPath: string, storage: FileStorage): Promise<{ json: boolean; protobuf: boolean }> {
  const [json, protobuf] = await Promise.all(
    ['index.json', 'index.pb'].map((name) => storage.pathExists(pathUtils.join(folderPath, name))),
  )
  return { json: json!, protobuf: protobuf! }
}
