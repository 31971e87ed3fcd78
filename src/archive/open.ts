import { constants, existsSync } from 'node:fs'
import { type FileHandle, mkdir, open } from 'node:fs/promises'

const DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY
// Read too, to see whether the file ends in a whole line. Without O_NONBLOCK a planted FIFO would hold a thread.
const FILE = constants.O_RDWR | constants.O_APPEND | constants.O_NOFOLLOW | constants.O_NONBLOCK

/** Why a file of the archive could not be used: `code` is errno's name, or one of ours. */
export class ArchiveError extends Error {
  readonly code: string
  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

/**
 * Opens `root/names[0]/…/names[n]` to append, and makes what is missing (directories 0750, the file 0640) as far as
 * `mayCreate`, asked once for each, agrees; otherwise it throws ArchiveError `new_per_minute`.
 *
 * Links are followed in `root`, which the admin chose, and nowhere below: each component is opened with O_NOFOLLOW
 * inside the directory that is already open, as openat(2) does it. Node has no openat, but on Linux
 * `/proc/self/fd/<n>/<name>` is the same thing, so that nobody can exchange a directory for a link between two steps.
 * Elsewhere the steps go by path, and a stranger who can write in the tree could win that race.
 */
export async function openBelow(root: string, names: readonly string[], mayCreate: () => boolean): Promise<FileHandle> {
  if (names.length === 0 || names.some((name) => name === '' || name === '.' || name === '..' || name.includes('/'))) {
    throw new ArchiveError('bad_path', `${root} and ${JSON.stringify(names)} make no path of the archive`)
  }
  let path = root
  let directory = await openRoot(root)
  try {
    for (const [i, name] of names.entries()) {
      const at = HAS_PROC ? `/proc/self/fd/${directory.fd}/${name}` : `${path}/${name}`
      path = `${path}/${name}`
      if (i === names.length - 1) return await openFile(at, path, directory, mayCreate)
      const next = await openDirectory(at, path, directory, mayCreate)
      await directory.close()
      directory = next
    }
  } catch (error) {
    throw plain(error, path)
  } finally {
    await directory.close()
  }
  throw new Error('unreachable')
}

const HAS_PROC = process.platform === 'linux' && existsSync('/proc/self/fd')

async function openRoot(root: string): Promise<FileHandle> {
  try {
    return await open(root, DIRECTORY)
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
    await mkdir(root, { recursive: true, mode: 0o750 })
    return open(root, DIRECTORY)
  }
}

async function openDirectory(at: string, path: string, parent: FileHandle, mayCreate: () => boolean) {
  try {
    return await open(at, DIRECTORY | constants.O_NOFOLLOW)
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
    askToCreate(path, mayCreate)
    await mkdir(at, { mode: 0o750 }).catch(ignoreExisting)
    await parent.sync()
    return open(at, DIRECTORY | constants.O_NOFOLLOW)
  }
}

async function openFile(at: string, path: string, parent: FileHandle, mayCreate: () => boolean) {
  let file: FileHandle
  try {
    file = await open(at, FILE)
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
    askToCreate(path, mayCreate)
    file = await open(at, FILE | constants.O_CREAT, 0o640)
    await parent.sync()
  }
  if ((await file.stat()).isFile()) return file
  await file.close()
  throw new ArchiveError('not_a_file', `${path} is not a regular file`)
}

function askToCreate(path: string, mayCreate: () => boolean): void {
  if (!mayCreate()) throw new ArchiveError('new_per_minute', `${path} is over the bound of new files per minute`)
}

function ignoreExisting(error: unknown): void {
  if (codeOf(error) !== 'EEXIST') throw error
}

/** The path as the admin knows it instead of /proc's. */
function plain(error: unknown, path: string): unknown {
  const code = codeOf(error)
  if (error instanceof ArchiveError || code === undefined) return error
  // O_NOFOLLOW answers ELOOP for a link, together with O_DIRECTORY ENOTDIR.
  const what = { ELOOP: 'is a link, which is not followed', ENOTDIR: 'is not a directory (links are not followed)' }[
    code
  ]
  return new ArchiveError(code, what === undefined ? `${path}: ${code}` : `${path} ${what}`)
}

export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}
