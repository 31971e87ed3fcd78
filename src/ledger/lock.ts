import { type FileHandle, mkdir, open } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { UserError } from '../errors.ts'

export interface Lock {
  release(): Promise<void>
}

/** Keeps the garbage collector from closing, and so unlocking, what a caller never releases. */
const held = new Set<FileHandle>()

const NAME = 'lock'
const LOCK_EX = 2
const LOCK_NB = 4

/** What a directory is, for people who try to use one that is taken. */
export interface LockedAs {
  what: string
  /** What to do instead. */
  advice: string
  /** Said of the owner beside its pid. */
  note?: string
}

const DATA: LockedAs = { what: 'data directory', advice: 'give this one a directory of its own with --data DIR' }

/**
 * One process owns a data directory, or any other that is locked so. The lock is the kernel's (flock(2) on
 * `<dir>/lock`), which goes away with the process however that ends: there is no stale lock to tell from a live one,
 * and a pid used again means nothing. The file's text is only for people; the file stays, since removing it would let
 * two processes lock two files.
 *
 * Throws UserError naming the owner when another process, or another part of this one, has it.
 */
export async function lockDirectory(dir: string, as: LockedAs = DATA): Promise<Lock> {
  await mkdir(dir, { recursive: true })
  const path = join(dir, NAME)
  const file = await open(path, 'a+')
  try {
    await lock(file, dir, path, as)
    await file.truncate(0)
    const note = as.note === undefined ? '' : `, ${as.note}`
    await file.write(`pid ${process.pid}, since ${new Date().toISOString()}${note}\n`, 0)
  } catch (error) {
    await file.close()
    throw error
  }
  held.add(file)
  return {
    release: async () => {
      held.delete(file)
      await file.close()
    },
  }
}

async function lock(file: FileHandle, dir: string, path: string, { what, advice }: LockedAs): Promise<void> {
  const { default: koffi } = await import('koffi')
  const flock = koffi.load(null).func('int flock(int fd, int operation)')
  if (flock(file.fd, LOCK_EX | LOCK_NB) === 0) return
  const errno = koffi.errno()
  if (errno !== koffi.os.errno.EAGAIN) {
    throw new UserError(
      `${path} can't be locked (errno ${errno}): the file system of the ${what} must know flock(2). ` +
        'Choose a local directory.',
    )
  }
  const owner = (await file.readFile('utf8')).trim() || 'a process that has just started'
  throw new UserError(
    `The ${what} ${resolve(dir)} belongs to a running sluice (${owner}). Stop that one first, or ${advice}.`,
  )
}
