import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { free } from '../src/buffer/free.ts'
import { giveBack } from '../src/engine/keep-small.ts'

const megabytes = (of: 'RssAnon' | 'RssFile') =>
  (Number(new RegExp(`${of}:\\s+(\\d+)`).exec(readFileSync('/proc/self/status', 'latin1'))?.[1]) * 1024) / 1e6

test('pages of the program that starting has used go back to the system, and it goes on', async () => {
  const before = megabytes('RssFile')
  await giveBack()
  expect(megabytes('RssFile')).toBeLessThan(before - 10)
})

test('memory that is free within the process goes back to the system', async () => {
  const before = megabytes('RssAnon')
  // Too small to be mapped each by itself; those that stay hold the end of the heap.
  const buffers = Array.from({ length: 2000 }, () => Buffer.allocUnsafeSlow(100_000).fill(1))
  expect(megabytes('RssAnon')).toBeGreaterThan(before + 150)
  for (const [at, buffer] of buffers.entries()) if (at % 50 !== 49) free(buffer)
  await giveBack()
  expect(megabytes('RssAnon')).toBeLessThan(before + 60)
})
