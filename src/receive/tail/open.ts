import { type BigIntStats, constants } from 'node:fs'
import { type FileHandle, lstat, open, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { HEAD_BYTES } from './position.ts'

// Without O_NONBLOCK a FIFO among the files would hold a thread.
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK

export interface OpenFile {
  handle: FileHandle
  stats: BigIntStats
}

export const idOf = (stats: { dev: bigint; ino: bigint }) => `${stats.dev}:${stats.ino}`

/**
 * Opens a regular file to read. A link is followed only if it belongs to root, to ourselves or to the owner of what it
 * leads to: otherwise whoever may write in a log directory could have any file read that we may read.
 */
export async function openToRead(path: string): Promise<OpenFile> {
  const handle = await open(path, FLAGS)
  try {
    const stats = await handle.stat({ bigint: true })
    if (!stats.isFile()) throw new Error(`${path} is not a regular file`)
    const link = await lstat(path, { bigint: true })
    const trusted = [0n, BigInt(process.getuid?.() ?? -1), stats.uid].includes(link.uid)
    if (link.isSymbolicLink() ? !trusted : idOf(link) !== idOf(stats)) {
      throw new Error(`${path} is a link of another owner (uid ${link.uid}) than its target: not followed`)
    }
    return { handle, stats }
  } catch (error) {
    await handle.close()
    throw error
  }
}

export async function readHead(handle: FileHandle): Promise<Buffer> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0)
  return buffer.subarray(0, bytesRead)
}

/** The regular files of a directory: where rotation puts its files. None when it can't be read. */
export async function listAll(directory: string): Promise<{ path: string; stats: BigIntStats }[]> {
  const names = await readdir(directory).catch(() => [])
  const paths = names.map((name) => join(directory, name))
  const all = await statAll(paths)
  return paths.flatMap((path, i) => {
    const stats = all[i]
    return stats?.isFile() ? { path, stats } : []
  })
}

/** In the order of the paths; null: nothing there. 3.8 µs of CPU each, 32 at a time, against 28 one after the other. */
export async function statAll(paths: readonly string[]): Promise<(BigIntStats | null)[]> {
  const all: (BigIntStats | null)[] = []
  for (let i = 0; i < paths.length; i += 32) {
    const some = paths.slice(i, i + 32).map((path) => stat(path, { bigint: true }).catch(() => null))
    all.push(...(await Promise.all(some)))
  }
  return all
}

/** Where a file's last whole line ends; its size when there is no line end in the last 64 KiB. */
export async function endOfLastLine(path: string): Promise<number> {
  const { handle, stats } = await openToRead(path)
  try {
    const size = Number(stats.size)
    const from = Math.max(0, size - (64 << 10))
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(64 << 10), 0, size - from, from)
    const last = buffer.subarray(0, bytesRead).lastIndexOf(10)
    return last === -1 && from > 0 ? size : from + last + 1
  } finally {
    await handle.close()
  }
}
