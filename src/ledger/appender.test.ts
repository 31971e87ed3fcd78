import { mkdtemp, open, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { Appender } from './appender.ts'

test('records of one turn are one write, in their order, each with its place', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'sluice-appender-'))
  onTestFinished(() => rm(dir, { recursive: true }))
  const path = join(dir, 'records')
  const appender = await Appender.create(path, 'test')
  const begin = appender.end
  const other = await open(path)
  const writes = vi.spyOn(Object.getPrototypeOf(other), 'writev')
  onTestFinished(() => writes.mockRestore())
  await other.close()
  const places = await Promise.all(['one', 'two', 'three'].map((text) => appender.append([Buffer.from(text)])))
  expect(writes).toHaveBeenCalledTimes(1)
  await appender.close()
  expect(places).toEqual([begin, begin + 3, begin + 6])
  expect((await readFile(path)).subarray(begin).toString()).toBe('onetwothree')
})
