import { type FileHandle, mkdir, open } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { errorCode } from './files.ts'

const STEP = 1024 * 1024

/**
 * Copies the bytes from `start` to `end` of a file to `quarantine/` beside it, where nothing reads or deletes them.
 * The name tells file and place, so that the same damage met again is not kept twice. Returns the copy's path; `isNew`
 * false: it was there before.
 */
export async function setAside(file: FileHandle, path: string, start: number, end: number) {
  const directory = join(dirname(path), 'quarantine')
  const copy = join(directory, `${basename(path)}-${start}.damaged`)
  await mkdir(directory, { recursive: true })
  let target: FileHandle
  try {
    target = await open(copy, 'wx')
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return { copy, isNew: false }
    throw error
  }
  try {
    const buffer = Buffer.allocUnsafe(Math.min(STEP, end - start))
    for (let at = start; at < end; ) {
      const { bytesRead } = await file.read(buffer, 0, Math.min(STEP, end - at), at)
      if (bytesRead === 0) break
      await target.writeFile(buffer.subarray(0, bytesRead))
      at += bytesRead
    }
    await target.datasync()
  } finally {
    await target.close()
  }
  return { copy, isNew: true }
}
