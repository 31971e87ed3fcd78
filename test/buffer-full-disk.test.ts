import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const run = promisify(execFile)

/** Runs the child with a tmpfs of 8 MB over `dir`, seen by that process alone and gone with it. */
async function onSmallDisk(dir: string): Promise<string> {
  const child = join(import.meta.dirname, 'buffer-full-disk-child.ts')
  const script = 'mount -t tmpfs -o size=8m tmpfs "$0" && exec "$1" "$2" "$0"'
  try {
    await run('unshare', ['-rm', 'true'])
  } catch (error) {
    throw new Error(
      'This test mounts a small tmpfs in a namespace of its own: it needs unshare (package util-linux) and either ' +
        'root or sysctl kernel.unprivileged_userns_clone=1 (on Ubuntu also ' +
        `kernel.apparmor_restrict_unprivileged_userns=0). ${error instanceof Error ? error.message : error}`,
    )
  }
  return (await run('unshare', ['-rm', 'sh', '-c', script, dir, process.execPath, child])).stdout
}

test('a full disk: batches are refused, what was taken is kept, drains, and makes room again', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'sluice-full-'))
  try {
    const report = JSON.parse(await onSmallDisk(dir))
    const { full, none, bavail, waiting, drained, again, left, totals, damages } = report
    expect(full.taken.length).toBeGreaterThan(50)
    expect(full.refused.length).toBeGreaterThan(50)
    expect(new Set([...full.refused, ...none.refused])).toEqual(new Set(['disk']))
    expect(none.taken).toEqual([])
    expect(bavail).toBeLessThan(4)
    // Opened again on the full disk: exactly what was acknowledged, no piece of what was refused.
    expect(waiting.batches).toBe(full.taken.length)
    expect(drained).toEqual(full.taken)
    expect(again).toMatchObject({ taken: { length: 20 }, refused: [] })
    expect(left).toEqual(again.taken)
    expect(damages).toEqual([])
    expect(totals).toMatchObject([{ done: (full.taken.length + 20) * 4, duplicate: 0, lost: {} }])
  } finally {
    await rm(dir, { recursive: true })
  }
})
