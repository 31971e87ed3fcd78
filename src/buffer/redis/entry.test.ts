import { crc32, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { makeBatch } from '../sample-batches.ts'
import { decodeBlob, encodeBlob, isNewer, keyLine, parseKeyLine } from './entry.ts'

const key = (line: string) => {
  const parsed = parseKeyLine(line)
  if (!parsed) throw new Error('no key line')
  return parsed
}

test.each([50, 500])('a batch of %d events comes out as it went in', (count) => {
  const batch = makeBatch(7, { count })
  const decoded = decodeBlob(encodeBlob(batch), key(keyLine(batch)), batch.output)
  expect(decoded && { ...decoded, body: Buffer.from(decoded.body) }).toEqual(batch)
})

test.each([50, 200])('bytes that were changed, cut or made up are no blob, and never throw (%d events)', (count) => {
  const batch = makeBatch(7, { count })
  const blob = encodeBlob(batch)
  const line = key(keyLine(batch))
  const changed = fc.tuple(fc.nat(blob.length - 1), fc.integer({ min: 1, max: 255 })).map(([at, by]) => {
    const bytes = Buffer.from(blob)
    bytes[at] = (bytes[at] ?? 0) ^ by
    return bytes
  })
  const cut = fc.nat(blob.length - 1).map((length) => blob.subarray(0, length))
  const madeUp = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes))
  fc.assert(
    fc.property(fc.oneof(changed, cut, madeUp), (bytes) => {
      const decoded = decodeBlob(bytes, line, 'store')
      expect(decoded).toBeUndefined()
    }),
    { numRuns: 500 },
  )
})

test('a blob never unpacks to more than its key line says', () => {
  const batch = makeBatch(1, { count: 2000 })
  expect(decodeBlob(encodeBlob(batch), { ...key(keyLine(batch)), bytes: 1000 }, 'store')).toBeUndefined()
})

test('a blob of the first version is still read', () => {
  const batch = makeBatch(3, { count: 20 })
  const header = Buffer.from(JSON.stringify({ tally: batch.tally }))
  const head = Buffer.alloc(12)
  head.write('SLB\x01', 'latin1')
  head.writeUInt32LE(header.length, 4)
  head.writeUInt32LE(crc32(header), 8)
  const blob = Buffer.concat([head, header, zstdCompressSync(batch.body)])
  expect(isNewer(blob)).toBe(false)
  const decoded = decodeBlob(blob, key(keyLine(batch)), batch.output)
  expect(Buffer.from(decoded?.body ?? []).equals(Buffer.from(batch.body))).toBe(true)
})

test('a blob of a newer version is told from a damaged one', () => {
  const batch = makeBatch(3)
  const blob = encodeBlob(batch)
  expect(isNewer(blob)).toBe(false)
  blob[3] = 99
  expect(isNewer(blob)).toBe(true)
  expect(isNewer(blob.subarray(0, -1))).toBe(false)
  expect(decodeBlob(blob, key(keyLine(batch)), batch.output)).toBeUndefined()
})

test('a key line is exact or none', () => {
  for (const line of [
    '',
    'x',
    `${'a'.repeat(16)} 1 0 3 300 1`,
    `${'a'.repeat(16)} -1 0 3 300 1 2`,
    `../../etc 1 0 3 300 1 2`,
  ]) {
    expect(parseKeyLine(line)).toBeUndefined()
  }
})
