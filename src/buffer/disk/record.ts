import type { Mark } from '../../ledger/marks.ts'
import { MAGIC, recordHead } from '../../ledger/records.ts'
import type { Batch } from '../buffer.ts'
import { free } from '../free.ts'
import { pack, unpack } from '../zstd.ts'
import { encodeHeader } from './header.ts'

/** A batch as it is written into a segment. */
export interface DiskRecord {
  head: Buffer
  body: Uint8Array
  bytes: number
  /** To be called when it is written, or will not be. */
  free(): void
}

/** Of smaller bodies, compressing costs what it saves. */
const LEAST = 4096
const LEVEL = 1

export function recordOf(batch: Batch, order: number, mark?: Mark): DiskRecord {
  const packed = packBody(batch.body)
  const body = packed ?? batch.body
  const head = recordHead(encodeHeader(batch, order, packed !== undefined, mark), body)
  return { head, body, bytes: head.byteLength + body.byteLength, free: () => packed && free(packed) }
}

/** Undefined: it is to be written as it is. */
function packBody(body: Uint8Array): Buffer | undefined {
  if (body.byteLength < LEAST) return undefined
  const packed = pack(body, LEVEL)
  // A body never holds what records begin with, or what a stranger sent might pass for a record behind a damage.
  if (packed.byteLength < body.byteLength && !packed.includes(MAGIC)) return packed
  free(packed)
  return undefined
}

/** Undefined when the bytes are not what was packed. */
export function unpackBody(packed: Buffer, bytes: number): Buffer | undefined {
  try {
    const body = unpack(packed, bytes)
    return body.byteLength === bytes ? body : undefined
  } catch {
    return undefined
  } finally {
    free(packed)
  }
}
