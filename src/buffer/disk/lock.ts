import { type Lock, lockDirectory } from '../../ledger/lock.ts'

/**
 * The directory of a disk buffer has a lock of its own: it may stand outside of the data directory, and be named in two
 * configs. Throws UserError naming the process that holds it, and that one's data directory.
 */
export function lockBuffer(path: string, data: string): Promise<Lock> {
  return lockDirectory(path, {
    what: 'buffer directory',
    advice: 'name another one under buffer.disk.path',
    note: `data directory ${data}`,
  })
}
