import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { zstdDecompressSync } from 'node:zlib'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { CaptureDecoder } from '../replay/capture-lines.ts'
import { Datagrams } from '../replay/datagrams.ts'
import { CaptureWriter } from './capture.ts'

let directory: string
let path: string
let reasons: string[]

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sluice-capture-'))
  path = join(directory, 'c')
  reasons = []
})
afterEach(() => rmSync(directory, { recursive: true }))

function open(maxBytes = 1e9, file = path): CaptureWriter {
  return CaptureWriter.open(file, { maxBytes, onStop: (reason) => reasons.push(reason) })
}

function record(writer: CaptureWriter, text: string | Uint8Array, time = 1000): void {
  const bytes = Buffer.from(text)
  writer.record(bytes, 0, bytes.length, '10.2.4.7', time)
}

function decode(text: string): { items: Buffer[]; times: number[]; cut: number } {
  const lines = Datagrams.of(text.split('\n'))
  const decoder = new CaptureDecoder('c')
  const decoded = decoder.decode({ lines, first: 1 })
  decoder.end()
  return { items: decoded.starts.map((_, i) => decoded.at(i)), times: decoded.times, cut: decoder.cut }
}

test('is one JSON object a line: text where it can be shown, hex otherwise', () => {
  const writer = open()
  record(writer, '<13>a "b" \\ é\t\r\n\0', 1795403661575)
  record(writer, Uint8Array.of(0xff, 0x41), 1795403661580)
  record(writer, '\x1b[2Jcleared')
  record(writer, 'C1 \u009b control')
  writer.close()
  const lines = readFileSync(path, 'utf8').split('\n')
  expect(lines).toEqual([
    '{"sluice":"capture","version":1}',
    '{"t":1795403661575,"from":"10.2.4.7","text":"<13>a \\"b\\" \\\\ é\\t\\r\\n\\u0000"}',
    '{"t":1795403661580,"from":"10.2.4.7","hex":"ff41"}',
    '{"t":1000,"from":"10.2.4.7","hex":"1b5b324a636c6561726564"}',
    '{"t":1000,"from":"10.2.4.7","hex":"433120c29b20636f6e74726f6c"}',
    '',
  ])
})

test('gives back any bytes exactly, with their times', () => {
  const datagram = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.string({ unit: 'binary' }).map((s) => Buffer.from(s)),
  )
  fc.assert(
    fc.property(fc.array(fc.tuple(datagram, fc.nat())), (datagrams) => {
      rmSync(path, { force: true })
      const writer = open()
      for (const [bytes, time] of datagrams) record(writer, bytes, time)
      writer.close()
      const { items, times } = decode(readFileSync(path, 'utf8'))
      expect(items.map((item) => item.toString('hex'))).toEqual(datagrams.map(([b]) => Buffer.from(b).toString('hex')))
      expect(times).toEqual(datagrams.map(([, time]) => time))
    }),
    { numRuns: 200 },
  )
})

test('records a part of a larger buffer, and datagrams larger than a block', () => {
  const writer = open()
  const big = Buffer.alloc(70_000, 0xfe)
  writer.record(Buffer.from('..inside..'), 2, 8, '::1', 5)
  writer.record(big, 0, big.length, '::1', 6)
  record(writer, 'after')
  writer.close()
  expect(decode(readFileSync(path, 'utf8')).items).toEqual([Buffer.from('inside'), big, Buffer.from('after')])
})

test('stops at its bound, says so once, and never exceeds it', () => {
  const writer = open(200_000)
  for (let i = 0; i < 5000; i++) record(writer, `<13>line ${i} ${'x'.repeat(100)}`)
  writer.close()
  expect(reasons).toEqual([expect.stringContaining('200000 bytes')])
  expect(writer.active).toBe(false)
  expect(statSync(path).size).toBeLessThanOrEqual(200_000)
  const { items, cut } = decode(readFileSync(path, 'utf8'))
  expect(items.length).toBeGreaterThan(500)
  expect(cut).toBe(0)
})

test('reports a failed write once and goes on without recording', () => {
  const writer = open(1e9, '/dev/full')
  record(writer, 'lost')
  writer.flush()
  record(writer, 'lost, too')
  writer.flush()
  writer.close()
  expect(reasons).toEqual([expect.stringMatching(/\/dev\/full: recording stopped: ENOSPC/)])
})

test('several writers share a file line by line', () => {
  const writers = [open(), open(), open()]
  for (let i = 0; i < 6000; i++) record(writers[i % 3], `<13>writer ${i % 3} line ${i} ${'y'.repeat(50)}`)
  for (const writer of writers) writer.close()
  const { items, cut } = decode(readFileSync(path, 'utf8'))
  expect(cut).toBe(0)
  expect(new Set(items.map(String)).size).toBe(6000)
})

test('goes on in a file whose last line a crash cut off', () => {
  for (const text of ['first', 'second', 'third']) {
    const writer = open()
    record(writer, text)
    writer.close()
    if (text === 'second') truncateSync(path, statSync(path).size - 5)
  }
  const { items, cut } = decode(readFileSync(path, 'utf8'))
  expect(items.map(String)).toEqual(['first', 'third'])
  expect(cut).toBe(1)
})

test('compresses a file that is named .zst', () => {
  const writer = open(1e9, `${path}.zst`)
  for (let i = 0; i < 2000; i++) record(writer, `<13>line ${i} ${'z'.repeat(100)}`)
  writer.close()
  expect(statSync(`${path}.zst`).size).toBeLessThan(50_000)
  expect(decode(zstdDecompressSync(readFileSync(`${path}.zst`)).toString()).items).toHaveLength(2000)
})

test('is readable by its owner only', () => {
  open().close()
  expect(statSync(path).mode & 0o777).toBe(0o600)
})
