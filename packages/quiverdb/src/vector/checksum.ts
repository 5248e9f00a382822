import { createChecksum, loadKernel } from '@quiverdb/kernel'

let shared: ReturnType<typeof loadChecksum> | undefined

/** The checksum of Quiver's formats, for those who need it without a database. It is made once. */
export function loadChecksum(): Promise<(bytes: Uint8Array, before?: bigint) => bigint> {
  return (shared ??= loadKernel().then(createChecksum))
}
