import { isMark, type Mark } from '../../ledger/mark-set.ts'
import type { Batch, Tally } from '../buffer.ts'

/** What a segment's record says of its batch, before the body. */
export interface BatchHeader {
  stream: string
  number: number
  part: number
  count: number
  tally: Tally
  received: { from: number; to: number }
  /** The place in the order of appending over all outputs; a rest keeps the place of its batch. */
  order: number
  positions?: Record<string, unknown>
  /** Rest: the mark of the part that it is left of. One record, so that both are there or neither. */
  mark?: Mark
  /** Bytes of the body, where it stands compressed. */
  unpacked?: number
}

export function encodeHeader(batch: Batch, order: number, isPacked: boolean, mark?: Mark): string {
  const { stream, number, part, count, tally, received, positions } = batch
  const header: BatchHeader = { stream, number, part, count, tally, received, order }
  if (positions) header.positions = positions
  if (mark) header.mark = mark
  if (isPacked) header.unpacked = batch.body.byteLength
  return JSON.stringify(header)
}

/** Undefined when the text is no batch header. */
export function parseHeader(text: string): BatchHeader | undefined {
  try {
    const header: BatchHeader = JSON.parse(text)
    const { stream, number, part, count, tally, received, order, mark, unpacked } = header
    const numbers = [number, part, count, order, received.from, received.to]
    const isTally = Array.isArray(tally) && tally.every((row) => Array.isArray(row) && Number.isSafeInteger(row[2]))
    if (typeof stream !== 'string' || !numbers.every(Number.isFinite) || !isTally) return undefined
    if (mark !== undefined && !isMark(mark)) return undefined
    if (unpacked !== undefined && !Number.isSafeInteger(unpacked)) return undefined
    return header
  } catch {
    return undefined
  }
}
