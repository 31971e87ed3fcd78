import { afterEach, expect, test, vi } from 'vitest'
import { Rooms } from './rooms.ts'

afterEach(() => {
  vi.useRealTimers()
})

const MB = 1 << 20

/** Tells memory by what is in it. */
function mark<T extends Buffer>(room: T, text: string): T {
  room.write(text, 'latin1')
  return room
}
const markOf = (room: Buffer) => room.toString('latin1', 0, 3)

test('what was given back is taken again for about the same size, by one at a time, and its former holder sees nothing', () => {
  const rooms = new Rooms()
  const large = mark(rooms.take(MB), 'one')
  const small = mark(rooms.take(100_000), 'two')
  rooms.give(large.buffer)
  rooms.give(small.buffer)
  expect([large.length, small.length]).toEqual([0, 0])
  const again = rooms.take(MB - 1000)
  expect([again.length, markOf(again)]).toEqual([MB - 1000, 'one'])
  expect(rooms.take(MB).buffer).not.toBe(again.buffer)
  expect(rooms.kept).toBe(1)
  expect(markOf(rooms.take(120_000))).toBe('two')
})

test('what is of another kind, and what is small, is gone at once', () => {
  const rooms = new Rooms()
  const others = [Buffer.from(new ArrayBuffer(MB)), rooms.take(1000)]
  for (const { buffer } of others) if (buffer instanceof ArrayBuffer) rooms.give(buffer)
  expect(others.map(({ length }) => length)).toEqual([0, 0])
  expect(rooms.kept).toBe(0)
})

test('none is kept for long that is not needed', () => {
  vi.useFakeTimers()
  const rooms = new Rooms()
  const taken = [1, 2, 3].map(() => rooms.take(MB))
  for (const { buffer } of taken) rooms.give(buffer)
  vi.advanceTimersByTime(5000)
  rooms.give(rooms.take(MB).buffer)
  vi.advanceTimersByTime(5000)
  expect(rooms.kept).toBe(1)
  vi.advanceTimersByTime(30_000)
  expect(rooms.kept).toBe(0)
  expect(vi.getTimerCount()).toBe(0)
})
