/**
 * What a header costs, in µs of CPU per line: our scanner, the npm package syslog-parse, and turning an object of the
 * same few fields into JSON and back, over the lines of a file (`<13>` is put in front of lines without PRI).
 *
 *     node bench/micro-header.ts [FILE…]
 *
 * Without a file: sshd, cron and nova lines made up here.
 */
import { readFileSync } from 'node:fs'
import syslogParse from 'syslog-parse'
import { Header } from '../src/syslog/header.ts'
import { parseHeader } from '../src/syslog/parse.ts'
import { zoneOf } from '../src/syslog/zone.ts'

const ROUNDS = 9
const LINES = 200_000

const files = process.argv.slice(2)
for (const file of files) measure(file, readFileSync(file).toString('latin1').split('\n'))
if (files.length === 0) measure('made-up lines', madeUp())

function measure(name: string, lines: string[]): void {
  const texts = lines
    .filter((line) => line.length > 0)
    .slice(0, 20_000)
    .map((line) => (line.startsWith('<') ? line : `<13>${line}`))
  const bytes = Buffer.from(texts.join(''), 'latin1')
  const ends = new Int32Array(texts.length)
  let end = 0
  for (const [index, text] of texts.entries()) ends[index] = end += text.length
  const repeats = Math.ceil(LINES / texts.length)
  const header = new Header()
  const now = Date.now()

  console.log(`${name}: ${texts.length} lines, ${Math.round(bytes.length / texts.length)} bytes on average`)
  for (const zone of [zoneOf('UTC'), zoneOf('Europe/Berlin')]) {
    best(`parseHeader, zone ${zone.name}`, repeats * texts.length, () => {
      for (let repeat = 0; repeat < repeats; repeat++) {
        for (let index = 0, start = 0; index < ends.length; index++) {
          parseHeader(header, bytes, start, ends[index], now, zone)
          start = ends[index]
        }
      }
      return header.messageStart
    })
  }
  const few = texts.slice(0, 5000)
  best('syslog-parse', few.length * 4, () => {
    let parsed = 0
    for (let repeat = 0; repeat < 4; repeat++) for (const text of few) if (syslogParse(text)) parsed++
    return parsed
  })
  best('JSON.stringify and JSON.parse', few.length * 4, () => {
    let size = 0
    for (let repeat = 0; repeat < 4; repeat++) {
      for (const message of few) {
        const text = JSON.stringify({ time: now, host: 'host', program: 'program', pid: repeat, priority: 13, message })
        size += Object.keys(JSON.parse(text)).length
      }
    }
    return size
  })
}

/** The best of several rounds, by CPU time: what other processes take does not count. */
function best(name: string, count: number, run: () => number): void {
  let least = Number.POSITIVE_INFINITY
  let result = 0
  for (let round = 0; round < ROUNDS; round++) {
    const before = process.cpuUsage()
    result += run()
    const used = process.cpuUsage(before)
    least = Math.min(least, used.user + used.system)
  }
  console.log(`  ${(least / count).toFixed(3)} µs  ${name}${result < 0 ? '!' : ''}`)
}

function madeUp(): string[] {
  const lines: string[] = []
  for (let index = 0; index < 3000; index++) {
    const time = `Jun  9 15:${String(index % 60).padStart(2, '0')}:36`
    lines.push(
      `<38>${time} LabSZ sshd[${24200 + index}]: Failed password for invalid user admin from 187.141.143.180 port 40448 ssh2`,
      `<78>${time} controller1.example.org CRON[${index}]: (root) CMD (command -v debian-sa1 > /dev/null)`,
      `<142>${time} compute${index % 40} nova-compute: 2014-06-09 15:41:36.123 2345 INFO nova.compute.manager [-] Lifecycle`,
    )
  }
  return lines
}
