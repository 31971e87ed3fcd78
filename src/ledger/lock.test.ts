import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { UserError } from '../errors.ts'
import { lockDirectory } from './lock.ts'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sluice-lock-'))
})
afterEach(() => rm(dir, { recursive: true }))

test('a second owner is refused with the pid of the first, until that one lets go', async () => {
  const lock = await lockDirectory(join(dir, 'data'))
  const second = lockDirectory(join(dir, 'data'))
  await expect(second).rejects.toThrow(UserError)
  await expect(second).rejects.toThrow(new RegExp(`pid ${process.pid}.*--data DIR`))
  await lock.release()
  await (await lockDirectory(join(dir, 'data'))).release()
})

test('what a dead process left in the file locks nobody out', async () => {
  await writeFile(join(dir, 'lock'), `pid ${process.ppid}, since a long time\n`)
  await (await lockDirectory(dir)).release()
})
