import fc from 'fast-check'
import { expect, test } from 'vitest'
import { MAGIC } from '../../ledger/records.ts'
import { makeBatch } from '../sample-batches.ts'
import { recordOf, unpackBody } from './record.ts'

const withBody = (body: Uint8Array) => ({ ...makeBatch(1), body })

test('a body takes a tenth of its room in a segment, and comes back as it was', () => {
  const batch = makeBatch(1, { count: 500, pad: 200 })
  const { head, body, bytes } = recordOf(batch, 1)
  expect(body.byteLength).toBeLessThan(batch.body.byteLength / 10)
  expect(bytes).toBe(head.byteLength + body.byteLength)
  expect(unpackBody(Buffer.from(body), batch.body.byteLength)).toEqual(Buffer.from(batch.body))
})

test('what the compressed form would hold of the bytes that records begin with is written as it is', () => {
  // What can't be compressed stands in zstd's frame as it came.
  const noise = Buffer.from(Array.from({ length: 128 << 10 }, (_, i) => (Math.imul(i, 0x9e3779b1) ^ (i * i)) >>> 13))
  MAGIC.copy(noise, 1000)
  const held = Buffer.concat([noise, Buffer.alloc(256 << 10, 0x20)])
  expect(recordOf(withBody(held), 1).body).toBe(held)
  const other = Buffer.concat([noise.subarray(2000), Buffer.alloc(256 << 10, 0x20)])
  expect(recordOf(withBody(other), 1).body.byteLength).toBeLessThan(other.byteLength)
})

test('bytes that are not what was compressed give nothing, whatever they are', () => {
  const batch = makeBatch(1, { count: 100, pad: 200 })
  const { body } = recordOf(batch, 1)
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(body.byteLength - 1), (bytes, at) => {
      expect(unpackBody(Buffer.from(bytes), batch.body.byteLength)).toBeUndefined()
      expect(unpackBody(Buffer.from(body.subarray(0, at)), batch.body.byteLength)).toBeUndefined()
    }),
  )
  expect(unpackBody(Buffer.from(body), batch.body.byteLength - 1)).toBeUndefined()
  expect(unpackBody(Buffer.from(body), batch.body.byteLength + 1)).toBeUndefined()
})
