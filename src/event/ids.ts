import { randomBytes } from 'node:crypto'

/** 64 random bits as 16 hex digits: no coordination between lanes, hosts or starts. */
export function newStream(): string {
  return randomBytes(8).toString('hex')
}

/** Digits of the sequence: fixed, so that ids sort as they were received; enough for 31 years at 1,000,000/s. */
export const SEQUENCE_DIGITS = 15

/** The id of a stream's event: `<stream>-<sequence>`. */
export function eventId(stream: string, sequence: number): string {
  return `${stream}-${String(sequence).padStart(SEQUENCE_DIGITS, '0')}`
}
