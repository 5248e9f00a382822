import type { BigIntStats } from 'node:fs'
import fs from 'node:fs/promises'
import path from 'node:path'
import { VectraError } from '../vectra-error.js'
import type { FilePiece, KeptRange } from './file-storage.js'

/** Bytes that are copied from the old file at a time. */
const copiedBytes = 4 * 1024 ** 2

let names = 0

/**
 * Gives a file new contents, whole or not at all: the new file is complete and synced before it has the name. Resolves to the new file's stamp,
 * which it has already before others can see it. `basis` is the stamp of the file that the ranges are of.
 *
 * @throws VectraError CONFLICT: it is another file now
 */
export async function replaceLocalFile(filePath: string, pieces: Iterable<FilePiece>, basis?: string): Promise<string> {
  const temporary = temporaryBeside(filePath)
  try {
    const [only] = Array.isArray(pieces) && pieces.length === 1 ? (pieces as FilePiece[]) : []
    await fs.writeFile(temporary, only instanceof Uint8Array ? only : chunksOf(filePath, pieces, basis), syncedWrite)
    const stamp = await localStamp(temporary)
    await fs.rename(temporary, filePath)
    await syncFolder(path.dirname(filePath))
    return stamp
  } catch (error) {
    await fs.rm(temporary, { force: true })
    throw error
  }
}

/** A new name beside a file, which tells whose it is. */
export function temporaryBeside(filePath: string): string {
  return path.join(path.dirname(filePath), `${prefixOf(filePath)}${process.pid}-${++names}${suffix}`)
}

/**
 * The process that was writing a file's new contents, if `name` is that of such contents: of an index file, whatever its name, or of what belongs to an
 * index (its journal, catalog, documents and their metadata).
 */
export function writerOf(name: string, indexPath: string): number | undefined {
  const [, base, pid] = /^\.(.+)\.(\d+)-\d+\.tmp$/.exec(name) ?? []
  if (base === undefined || !(base === path.basename(indexPath) || extensions.includes(path.extname(base)))) return undefined
  return Number(pid)
}

const extensions: readonly string[] = ['.json', '.pb', '.txt', '.journal']
const prefixOf = (filePath: string): string => `.${path.basename(filePath)}.`
const suffix = '.tmp'

/** Differs for any two states of a path: a replaced file is another file, a rewritten one has another time. */
export async function localStamp(filePath: string): Promise<string> {
  return stampOf(await fs.stat(filePath, { bigint: true }))
}

const stampOf = ({ size, mtimeNs, ino }: BigIntStats): string => `${size} ${mtimeNs} ${ino}`

/** The types of Node 20 lack `flush`, which is there since 20.10. */
const syncedWrite = { flag: 'w', flush: true } as { flag: string }

/** A name is safe when its folder is. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return // where folders cannot be synced
  const handle = await fs.open(folder)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function* chunksOf(
  from: string,
  pieces: Iterable<FilePiece>,
  basis: string | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  let file: fs.FileHandle | undefined
  try {
    for (const piece of pieces) {
      if (piece instanceof Uint8Array) yield piece
      else {
        file ??= await openUnchanged(from, basis)
        yield* rangeOf(file, piece)
      }
    }
    // Whoever writes a file in its place may have done so meanwhile.
    if (file) await checkUnchanged(file, basis)
  } finally {
    await file?.close()
  }
}

async function openUnchanged(from: string, basis: string | undefined): Promise<fs.FileHandle> {
  const file = await fs.open(from)
  try {
    await checkUnchanged(file, basis)
    return file
  } catch (error) {
    await file.close()
    throw error
  }
}

async function checkUnchanged(file: fs.FileHandle, basis: string | undefined): Promise<void> {
  if (basis !== undefined && stampOf(await file.stat({ bigint: true })) !== basis) throw changed()
}

async function* rangeOf(file: fs.FileHandle, { start, end }: KeptRange): AsyncGenerator<Uint8Array, void, undefined> {
  const buffer = Buffer.allocUnsafe(Math.min(copiedBytes, end - start))
  for (let at = start; at < end;) {
    const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, end - at), at)
    if (!bytesRead) throw changed()
    yield buffer.subarray(0, bytesRead)
    at += bytesRead
  }
}

const changed = (): VectraError => new VectraError('CONFLICT', 'The file was changed while it was being rewritten.')
