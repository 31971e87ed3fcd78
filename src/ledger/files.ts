import { open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'

/** Makes names that were added to or removed from a directory safe from a power cut. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

/** Puts a file in place whole or not at all: written aside, synced, renamed. */
export async function replaceFile(directory: string, name: string, chunks: readonly Uint8Array[]): Promise<void> {
  const aside = join(directory, `${name}.new`)
  try {
    const file = await open(aside, 'w')
    try {
      for (const chunk of chunks) await file.writeFile(chunk)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(aside, join(directory, name))
  } catch (error) {
    await rm(aside, { force: true }).catch(() => {})
    throw error
  }
  await syncDirectory(directory)
}

/** The `code` of a system error ('ENOENT', 'ENOSPC', ...). */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

export function isDiskFull(error: unknown): boolean {
  const code = errorCode(error)
  return code === 'ENOSPC' || code === 'EDQUOT'
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
