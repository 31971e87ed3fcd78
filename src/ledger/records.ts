import type { FileHandle } from 'node:fs/promises'
import { crc32 } from 'node:zlib'

/**
 * Files of records, as the disk buffer's segments and the ledger's journals are:
 *
 *     file   = kind (4 ASCII bytes), format version (u32), record *
 *     record = magic (4), header length (u32), body length (u32), CRC-32 of the body (u32),
 *              CRC-32 of the 12 bytes before and of the header (u32), header (JSON), body
 *
 * All numbers are little-endian. The header has a CRC of its own, so that a damaged body still tells which batch it was
 * and how many events it held. The magic holds 0xff and NUL: neither can stand in UTF-8 JSON text, so nothing that a
 * stranger sends can pass for a record when the reader looks for the next one after a damage.
 */
export const VERSION = 1
export const FILE_HEADER = 8
export const MAGIC = Buffer.from([0xff, 0x00, 0x53, 0x52])
const PREFIX = 20
const MAX_HEADER = 8 * 1024 * 1024
const WINDOW = 32 * 1024
const STEP = 1024 * 1024

export function fileHeader(kind: string): Buffer {
  const bytes = Buffer.alloc(FILE_HEADER)
  bytes.write(kind, 0, 4, 'latin1')
  bytes.writeUInt32LE(VERSION, 4)
  return bytes
}

/** The record without its body, which follows in the file as it is (not copied). */
export function recordHead(header: string, body?: Uint8Array): Buffer {
  const length = Buffer.byteLength(header)
  if (length > MAX_HEADER)
    throw new RangeError(`a record's header has ${length} bytes, at most ${MAX_HEADER} can be kept`)
  const head = Buffer.allocUnsafe(PREFIX + length)
  MAGIC.copy(head)
  head.writeUInt32LE(length, 4)
  head.writeUInt32LE(body?.byteLength ?? 0, 8)
  head.writeUInt32LE(body ? crc32(body) : 0, 12)
  head.write(header, PREFIX)
  head.writeUInt32LE(headCrc(head), 16)
  return head
}

function headCrc(head: Buffer): number {
  return crc32(head.subarray(PREFIX), crc32(head.subarray(4, 16)))
}

/** A record found in a file; `start` to `end` are its bytes, the body's begin at `body`. */
export interface Found {
  kind: 'record'
  start: number
  body: number
  end: number
  bodyCrc: number
  header: string
}

/** Bytes that are no valid record; with a `header` where that could be read. `cut`: the file ends inside of it. */
export interface Damage {
  kind: 'damage'
  start: number
  end: number
  cut: boolean
  header?: string
}

/**
 * Goes through a file of records; what is damaged is told with its place, and reading goes on at the next valid
 * record. With `bodies` each body's CRC is checked, otherwise only where the next record is not found behind it.
 * Zeros up to the end (space reserved, or lost with the power) are no damage.
 */
export async function* scan(
  file: FileHandle,
  kind: string,
  { bodies = true, size }: { bodies?: boolean; size?: number } = {},
): AsyncGenerator<Found | Damage> {
  const reader = new Reader(file, size ?? (await file.stat()).size)
  let at = 0
  const first = await reader.view(0, FILE_HEADER)
  if (first?.equals(fileHeader(kind))) at = FILE_HEADER
  // A record is held until the next one is found behind it, since its lengths may belong to bytes that are gone.
  let held: Found | undefined
  while (at < reader.size) {
    const next = await readHead(reader, at)
    const whole = next !== undefined && next.end <= reader.size
    if (!whole && held && !(await bodyIsWhole(reader, held))) {
      at = await find(reader, held.body)
      yield { kind: 'damage', start: held.start, end: at, cut: false, header: held.header }
      held = undefined
      continue
    }
    if (held) yield held
    held = undefined
    if (whole && (!bodies || (await bodyIsWhole(reader, next)))) {
      held = next
      at = next.end
      continue
    }
    const end = await find(reader, next ? next.body : at + 1)
    const cut = end === reader.size && (next === undefined || !whole)
    const damage: Damage = { kind: 'damage', start: at, end, cut }
    if (next) damage.header = next.header
    if (next || !(await reader.isZero(at, end))) yield damage
    at = end
  }
  if (held) yield held
}

/** The body of a record, or undefined when it is not what was written. */
export async function readBody(file: FileHandle, at: { body: number; end: number; bodyCrc: number }) {
  const body = Buffer.allocUnsafeSlow(at.end - at.body)
  const length = await readFully(file, body, at.body)
  return length === body.length && crc32(body) === at.bodyCrc ? body : undefined
}

async function readFully(file: FileHandle, into: Buffer, position: number): Promise<number> {
  let length = 0
  while (length < into.length) {
    const { bytesRead } = await file.read(into, length, into.length - length, position + length)
    if (bytesRead === 0) break
    length += bytesRead
  }
  return length
}

async function readHead(reader: Reader, at: number): Promise<Found | undefined> {
  const prefix = await reader.view(at, PREFIX)
  if (!prefix?.subarray(0, 4).equals(MAGIC)) return undefined
  const length = prefix.readUInt32LE(4)
  const bodyLength = prefix.readUInt32LE(8)
  const bodyCrc = prefix.readUInt32LE(12)
  if (length > MAX_HEADER) return undefined
  const head = await reader.view(at, PREFIX + length)
  if (!head || headCrc(head) !== head.readUInt32LE(16)) return undefined
  const body = at + PREFIX + length
  return { kind: 'record', start: at, body, end: body + bodyLength, bodyCrc, header: head.toString('utf8', PREFIX) }
}

async function bodyIsWhole(reader: Reader, record: Found): Promise<boolean> {
  let crc = 0
  for (let at = record.body; at < record.end; at += STEP) {
    const part = await reader.view(at, Math.min(STEP, record.end - at))
    if (!part) return false
    crc = crc32(part, crc)
  }
  return crc === record.bodyCrc
}

/** Where the next valid record begins, from `at` on; the file's size when there is none. */
async function find(reader: Reader, at: number): Promise<number> {
  while (at < reader.size) {
    const part = await reader.view(at, Math.min(STEP, reader.size - at))
    if (!part) break
    const hit = part.indexOf(MAGIC)
    if (hit === -1) {
      // The magic may lie across the border of two parts.
      at += Math.max(1, part.length - MAGIC.length + 1)
      continue
    }
    const record = await readHead(reader, at + hit)
    if (record && record.end <= reader.size) return record.start
    // A record whose header is whole but whose end is missing is the next damage, with a name.
    if (record) return record.start
    at += hit + 1
  }
  return reader.size
}

/** Reads small pieces near each other with one system call. */
class Reader {
  readonly size: number
  readonly #file: FileHandle
  #bytes: Buffer = Buffer.alloc(0)
  #start = 0

  constructor(file: FileHandle, size: number) {
    this.#file = file
    this.size = size
  }

  /** `length` bytes at `position`, valid until the next call; undefined when the file ends before. */
  async view(position: number, length: number): Promise<Buffer | undefined> {
    if (position + length > this.size) return undefined
    const offset = position - this.#start
    if (offset < 0 || offset + length > this.#bytes.length) {
      const bytes = Buffer.allocUnsafe(Math.min(Math.max(length, WINDOW), this.size - position))
      const got = await readFully(this.#file, bytes, position)
      this.#bytes = bytes.subarray(0, got)
      this.#start = position
      return got < length ? undefined : bytes.subarray(0, length)
    }
    return this.#bytes.subarray(offset, offset + length)
  }

  async isZero(start: number, end: number): Promise<boolean> {
    for (let at = start; at < end; at += STEP) {
      const part = await this.view(at, Math.min(STEP, end - at))
      if (!part || part.some((byte) => byte !== 0)) return false
    }
    return true
  }
}
