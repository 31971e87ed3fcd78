import type { Decision, DynamicFields } from '../../src/route/decision.ts'
import type { Router } from '../../src/route/router.ts'
import { Header } from '../../src/syslog/header.ts'
import { parseHeader } from '../../src/syslog/parse.ts'
import { zoneOf } from '../../src/syslog/zone.ts'

export interface ParsedLine {
  host: string
  program: string
  pid: string
  facility: number
  severity: number
  message: string
}

const UTC = zoneOf('UTC')
const RECEIVED = Date.parse('2026-11-05T12:00:00Z')

/** A datagram's header as sluice reads it. */
export function parsed(datagram: string): ParsedLine {
  const bytes = Buffer.from(datagram)
  const header = new Header()
  parseHeader(header, bytes, 0, bytes.length, RECEIVED, UTC)
  const text = (from: number, to: number): string => (from < 0 ? '' : bytes.toString('utf8', from, to))
  return {
    host: text(header.hostStart, header.hostEnd),
    program: text(header.programStart, header.programEnd),
    pid: text(header.pidStart, header.pidEnd),
    facility: header.priority >> 3,
    severity: header.priority & 7,
    message: text(header.messageStart, header.lineEnd),
  }
}

export function decide(router: Router, line: ParsedLine, sender: string, tags: readonly string[] = []): Decision {
  const plan = router.plan(line.host, line.program, line.facility, line.severity)
  const pid = line.pid === '' ? '' : `[${line.pid}]`
  const fields: DynamicFields = {
    message: () => line.message,
    match: () => `${line.program}${pid}: ${line.message}`,
    sender,
    tags,
  }
  return plan.fixed ?? plan.decide(fields)
}
