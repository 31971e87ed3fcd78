import { randomBytes } from 'node:crypto'

/** Digits of the sequence: fixed, so that ids sort as they were received; enough for 31 years at 1,000,000/s. */
const DIGITS = 15

/** 64 random bits as 16 hex digits: no coordination between lanes, hosts or starts. */
export function newStream(): string {
  return randomBytes(8).toString('hex')
}

/**
 * The ids of one stream, `<stream>-<sequence>`, kept as ASCII and counted up in place: no number is formatted per
 * event. `bytes` holds the id of the event that is being composed.
 */
export class EventIds {
  readonly bytes: Uint8Array

  /** @param last sequence number of the last event given out before; the first `next()` gives the one after. */
  constructor(stream: string, last = 0) {
    this.bytes = Buffer.from(`${stream}-${String(last).padStart(DIGITS, '0')}`)
  }

  next(): void {
    const bytes = this.bytes
    let i = bytes.length - 1
    while (bytes[i] === 0x39) bytes[i--] = 0x30
    bytes[i]++
  }
}
