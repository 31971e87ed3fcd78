import { expect, test } from 'vitest'
import { FreshBodies } from './fresh-bodies.ts'

const MIB = 1 << 20

test('a body is given out once, as it was when it was kept', () => {
  const fresh = new FreshBodies()
  const body = Buffer.from('first')
  fresh.keep(1, body)
  body.fill('x')
  expect(fresh.take(1, 0)).toEqual(Buffer.from('first'))
  expect(fresh.take(1, 0)).toBeUndefined()
})

test('4 MiB are kept; a consumer that is behind gets nothing until nothing waits for it', () => {
  const fresh = new FreshBodies()
  for (let order = 1; order <= 4; order++) fresh.keep(order, new Uint8Array(MIB))
  expect(fresh.take(1, 3)?.byteLength).toBe(MIB)
  fresh.keep(5, new Uint8Array(MIB))
  fresh.keep(6, new Uint8Array(1))
  fresh.keep(7, new Uint8Array(1))
  for (const [order, waiting] of [
    [2, 5],
    [6, 1],
    [7, 0],
  ] as const)
    expect(fresh.take(order, waiting)).toBeUndefined()
  fresh.keep(8, new Uint8Array(1))
  expect(fresh.take(8, 0)?.byteLength).toBe(1)
})

test('what is settled without having been asked for leaves its room to others', () => {
  const fresh = new FreshBodies()
  for (let order = 1; order <= 100; order++) {
    fresh.keep(order, new Uint8Array(MIB))
    fresh.drop(order)
  }
  fresh.keep(101, new Uint8Array(4 * MIB))
  expect(fresh.take(101, 0)?.byteLength).toBe(4 * MIB)
})
