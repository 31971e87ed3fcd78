import { afterEach, expect, test, vi } from 'vitest'
import { RequestBuffers } from './request-buffers.ts'

afterEach(() => {
  vi.useRealTimers()
})

test('what was given back is taken again for the same size, and by one request at a time', () => {
  const buffers = new RequestBuffers(2)
  const [large, small] = [buffers.take(100_000), buffers.take(1000)]
  expect(large.byteLength).toBeGreaterThanOrEqual(100_000)
  buffers.give(large)
  buffers.give(small)
  expect(buffers.take(120_000)).toBe(large)
  expect(buffers.take(120_000)).not.toBe(large)
  expect(buffers.take(500)).toBe(small)
})

test('no more are kept than were asked for, and none for long that is not needed', () => {
  vi.useFakeTimers()
  const buffers = new RequestBuffers(2)
  const given = [1, 2, 3].map(() => buffers.take(1000))
  for (const buffer of given) buffers.give(buffer)
  expect(given.map(({ byteLength }) => byteLength > 0)).toEqual([false, true, true])
  vi.advanceTimersByTime(5000)
  buffers.give(buffers.take(1000))
  vi.advanceTimersByTime(5000)
  expect(given.map(({ byteLength }) => byteLength > 0)).toEqual([false, false, true])
  vi.advanceTimersByTime(30_000)
  expect(given.map(({ byteLength }) => byteLength > 0)).toEqual([false, false, false])
  expect(vi.getTimerCount()).toBe(0)
})
