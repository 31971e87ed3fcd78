import { Header } from '../syslog/header.ts'
import { parseHeader } from '../syslog/parse.ts'
import { zoneOf } from '../syslog/zone.ts'

/**
 * Reads the times that syslog lines state, in ms since the epoch; NaN for lines that state none. Years that are not
 * written are guessed from `now`, zones are this machine's: only the time between two lines matters.
 */
export function stampReader(now: number): (bytes: Buffer, start: number, end: number) => number {
  const header = new Header()
  const zone = zoneOf('local')
  return (bytes, start, end) => {
    parseHeader(header, bytes, start, end, now, zone)
    return header.time
  }
}
