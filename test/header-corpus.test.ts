import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import {
  type Case,
  corpus,
  disagreements,
  type Expect,
  type Parsed,
  parse,
  rawBytes,
  receivedAt,
  stated,
} from './header-cases.ts'

interface Decision extends Case {
  recommended: {
    facility: number
    severity: number
    timestamp: string
    host: string | null
    program: string | null
    pid: string | null
    message: string
    flags: string[]
  } | null
}

interface Overruled {
  id: string
  fields: (keyof Expect)[]
  row: string
}

interface Answers {
  id: string
  rsyslog: Record<string, string>[]
  syslog_ng: Record<string, string>[]
}

const RECEPTION = Date.UTC(2026, 10, 23, 3, 14, 21)
const cases = corpus<Case>('headers.jsonl').filter((line) => line.config === undefined)
const overruled: Overruled[] = JSON.parse(readFileSync(new URL('corpus/overruled.json', import.meta.url), 'utf8'))
const rows = readFileSync(new URL('corpus/README.md', import.meta.url), 'utf8')
  .split('\n')
  .map((line) => line.split(' | ')[0].replace(/^\| /, ''))

describe('the probes of the decision table', () => {
  const probes = corpus<Decision>('decisions.jsonl')
  test.each(probes.filter((probe) => probe.recommended !== null))('$id', (probe) => {
    const { recommended } = probe
    if (recommended === null) return
    const got = parse(rawBytes(probe), RECEPTION)
    expect(got.pri).toBe(recommended.facility * 8 + recommended.severity)
    expect(got.host).toBe(recommended.host)
    expect(got.program).toBe(recommended.program)
    expect(got.pid).toBe(recommended.pid)
    expect(got.message).toBe(spelledOut(recommended.message))
    expect(got.time).toBe(instant(recommended.timestamp))
    // These two are added later: the host by the lane, the NUL while the event is composed.
    expect(got.flags.filter((flag) => flag !== 'host_from_sender').sort()).toEqual(
      recommended.flags.filter((flag) => flag !== 'nul_escaped').sort(),
    )
  })

  test.each(probes.filter((probe) => probe.recommended === null))('$id: any reading, but nothing is lost', (probe) => {
    const got = parse(rawBytes(probe), RECEPTION)
    expect(got.message.endsWith('m')).toBe(true)
  })
})

describe('the cases of other projects', () => {
  test.each(cases.filter((line) => line.expect !== undefined))('$id', (line) => {
    const got = parse(rawBytes(line), receivedAt(line))
    const exempt = overruled.find((entry) => entry.id === line.id)?.fields ?? []
    expect(disagreements(line, line.expect ?? {}, got)).toEqual(exempt)
    if (line.expect?.pri === null) expect(got.flags).toContain('pri_missing')
    const written = line.expect?.timestamp_text
    if (written !== undefined && exempt.length === 0) expect(got.stamp === null).toBe(written === null)
  })

  test('each overruled field names a case and a row of the decision table', () => {
    for (const { id, row } of overruled) {
      expect(cases.map((line) => line.id)).toContain(id)
      expect(rows).toContain(row)
    }
  })
})

describe('datagrams as real programs sent them', () => {
  const datagrams = corpus<Case>('wire.jsonl')
  test('all 672 are there', () => expect(datagrams).toHaveLength(672))

  test.each(datagrams)('$id', (line) => {
    const got = parse(rawBytes(line), receivedAt(line))
    expect(disagreements(line, line.expect ?? {}, got)).toEqual([])
    if (line.expect?.timestamp_text === null) expect(got.flags).toContain('timestamp_missing')
    else if (got.time !== null) {
      const late = receivedAt(line) - Date.parse(got.time)
      expect(late).toBeGreaterThan(-1000)
      expect(late).toBeLessThan(3000)
    }
    expect(got.message).not.toMatch(/[\0\r\n]$/)
  })
})

test('agrees more often with the sources than rsyslog and syslog-ng do', () => {
  const answers = new Map(corpus<Answers>('oracle.jsonl').map((answer) => [answer.id, answer]))
  const score = { sluice: 0, rsyslog: 0, 'syslog-ng': 0 }
  let fields = 0
  for (const line of cases) {
    const answer = answers.get(line.id)
    if (line.expect === undefined || answer === undefined) continue
    const { expect } = line
    const all = stated(expect)
    fields += all
    score.sluice += all - disagreements(line, expect, parse(rawBytes(line), receivedAt(line))).length
    score.rsyslog += all - disagreements(line, expect, fromRsyslog(answer.rsyslog[0])).length
    score['syslog-ng'] += all - disagreements(line, expect, fromSyslogNg(answer.syslog_ng[0])).length
  }
  const percent = (agreed: number) => `${((100 * agreed) / fields).toFixed(2)} %`
  console.log(
    `of ${fields} stated fields agree: sluice ${percent(score.sluice)}, rsyslog ${percent(score.rsyslog)}, ` +
      `syslog-ng ${percent(score['syslog-ng'])}`,
  )
  expect(score.sluice).toBeGreaterThan(score.rsyslog)
  expect(score.sluice).toBeGreaterThan(score['syslog-ng'])
})

/** Kindly read: the sender's address is "no host", and the blank that rsyslog keeps in front of the text is not held against it. */
function fromRsyslog(answer: Record<string, string>): Parsed {
  return parsed(
    answer.pri,
    answer.timereported,
    answer.hostname,
    answer.programname,
    answer.procid,
    answer.msg.replace(/^ /, ''),
  )
}

function fromSyslogNg(answer: Record<string, string>): Parsed {
  return parsed(answer.pri, answer.date, answer.host, answer.program, answer.pid, answer.message)
}

function parsed(pri: string, time: string, host: string, program: string, pid: string, message: string): Parsed {
  const number = Number(pri)
  const at = new Date(time)
  return {
    pri: Number.isNaN(number) ? null : number,
    time: Number.isNaN(at.getTime()) ? null : at.toISOString(),
    stamp: null,
    host: host === '127.0.0.1' || host === '' ? null : host,
    program: program === '' ? null : program,
    pid: pid === '' || pid === '-' ? null : pid,
    message,
    flags: [],
  }
}

function instant(timestamp: string): string | null {
  if (timestamp === '(time of reception)') return null
  return new Date(timestamp.endsWith('Z') ? timestamp : `${timestamp}Z`).toISOString()
}

/** `x*2048` stands for a long run, `\0` for a NUL. */
function spelledOut(message: string): string {
  const run = /^(.)\*(\d+)$/.exec(message)
  return run === null ? message.replaceAll('\\0', '\0') : run[1].repeat(Number(run[2]))
}
