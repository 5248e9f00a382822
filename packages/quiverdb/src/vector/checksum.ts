import { createChecksum, loadKernel } from '@quiverdb/kernel'

let shared: Promise<(bytes: Uint8Array) => bigint> | undefined

/** The checksum of Quiver's formats, for those who need it without a database. It is made once. */
export function loadChecksum(): Promise<(bytes: Uint8Array) => bigint> {
  return (shared ??= loadKernel().then(createChecksum))
}
