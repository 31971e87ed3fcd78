/**
 * What grok costs, in µs of CPU: a match of some shipped patterns, of the same expression with named groups, and of a
 * line that does not match; compiling a pattern; what the guard adds to a line; V8 on a decoded line beside the matcher
 * of bytes.
 *
 *     node bench/micro-grok.ts
 */

import { datasetPaths, readDatasetFile, SHIPPED } from '../src/dataset/load.ts'
import { Memory } from '../src/event/memory.ts'
import { byteMatcher } from '../src/grok/bytes/matcher.ts'
import { Captures } from '../src/grok/captures.ts'
import { compileGrok } from '../src/grok/compile.ts'
import { expandGrok } from '../src/grok/expand.ts'
import { GrokExpression } from '../src/grok/expression.ts'
import { Guard } from '../src/grok/guard.ts'
import { PatternLibrary } from '../src/grok/library.ts'
import { Text } from '../src/grok/text.ts'
import { readCaptures } from './support/captures.ts'

const ROUNDS = 9
const library = PatternLibrary.load({ vocabulary: 'ecs' })
const SYSLOG = 'Dec  9 13:01:26 controller sshd[28029]: Accepted publickey for root from 192.0.2.7 port 22 ssh2'
const HAPROXY =
  'Dec  9 13:01:26 controller haproxy[28029]: 192.0.2.7:39759 [09/Dec/2013:12:59:46.633] loadbalancer default/instance8 0/51536/1/48082/99627 200 83285 - - ---- 87/87/87/1/0 0/67 {77.24.148.74} "GET /path/to/image HTTP/1.1"'
const APACHE =
  '192.0.2.7 - frank [10/Oct/2000:13:55:36 -0700] "GET /apache_pb.gif HTTP/1.0" 200 2326 "http://www.example.com/start.html" "Mozilla/4.08 [en] (Win98; I ;Nav)"'

for (const [pattern, line] of [
  ['%{SYSLOGBASE}', SYSLOG],
  ['%{HAPROXYHTTP}', HAPROXY],
  ['%{COMBINEDAPACHELOG}', APACHE],
] as const) {
  const { regex, captures } = compileGrok(pattern, library)
  if (!regex.test(line)) throw new Error(`${pattern} does not match`)
  const named = namedGroups(pattern)
  console.log(`${pattern}, ${line.length} characters, ${captures.length} fields`)
  best('  match', 50_000, () => regex.exec(line)?.length ?? 0)
  best('  match, named groups', 50_000, () => Object.keys(named.exec(line)?.groups ?? {}).length)
  best('  other line', 50_000, () => (regex.test(`x${line}`) ? 1 : 0))
  best('  compile', 20, () => compileGrok(pattern, library).regex.source.length)
}

const lines = Array.from({ length: 512 }, () => new Text().ofString(SYSLOG))
const pattern = new GrokExpression('', compileGrok('%{SYSLOGBASE}', library))
const captures = new Captures()
const guard = new Guard()
const now = Date.now()
console.log('512 lines with %{SYSLOGBASE}, a line')
best('  bare', 512 * 40, (i) => {
  return pattern.matches(lines[i % 512], captures) ? 1 : 0
})
for (const size of [512, 64]) {
  best(`  guarded, ${size} at a time`, 512 * 40, (i) => {
    if (i % size !== 0) return 0
    guard.run(size, (item) => {
      guard.matches(pattern, lines[item], captures, 'sshd', now)
    })
    return 1
  })
}

const files = ['sshd', 'mix'].map((name) => `${import.meta.dirname}/captures/${name}.log.zst`)
const datagrams = await readCaptures(files)
const texts = datagrams.starts.map((from, i) => textOf(datagrams.bytes.toString('latin1', from, datagrams.ends[i])))
for (const [dataset, name] of [
  ['sshd', 'failed'],
  ['openstack', 'header'],
  ['haproxy', 'http'],
] as const) {
  const path = datasetPaths([SHIPPED]).find((path) => path.endsWith(`/${dataset}.yaml`)) ?? ''
  const { header = [], patterns, definitions, samples } = readDatasetFile(path, true).file
  const matches = name === 'header' ? header : patterns.filter((one) => one.name === name).flatMap(({ match }) => match)
  const own = library.with(definitions)
  // The captures have none of haproxy's requests.
  let left = dataset === 'haproxy' ? samples.flatMap(({ line }) => line.map(textOf)) : texts
  for (const [i, match] of matches.entries()) {
    const { regex } = compileGrok(match, own)
    const fitting = left.filter((text) => regex.test(text) && /^[\0-\x7f]*$/.test(text))
    left = left.filter((text) => !regex.test(text))
    if (fitting.length > 0) compare(`${dataset}/${name} ${i}`, regex, fitting.slice(0, 1000))
  }
}

/** What follows the tag. */
function textOf(line: string): string {
  return line.slice(line.search(/: /) + 2)
}

function compare(name: string, regex: RegExp, texts: readonly string[]): void {
  const matcher = byteMatcher(regex)
  if (matcher === null) throw new Error(`${name}: not over bytes`)
  const lines = texts.map((text) => new Memory(Buffer.from(text, 'latin1')))
  const ranges = new Int32Array(2 * matcher.groups)
  const length = Math.round(lines.reduce((sum, { bytes }) => sum + bytes.length, 0) / lines.length)
  console.log(`${name}, ${lines.length} lines of ${length} bytes, ${matcher.groups - 1} groups`)
  best(
    '  decoded, V8',
    100_000,
    (i) => regex.exec(lines[i % lines.length].text(0, lines[i % lines.length].bytes.length))?.length ?? 0,
  )
  best('  bytes', 100_000, (i) => {
    const line = lines[i % lines.length]
    return matcher.match(line, 0, line.bytes.length, ranges) ? 1 : 0
  })
  best('  compile', 20, () => byteMatcher(regex)?.groups ?? 0)
}

function namedGroups(pattern: string): RegExp {
  return new RegExp(`^${expandGrok(pattern, library).text.replaceAll(/\(\?<%(\d+)>/g, '(?<f$1>')}`, 's')
}

/** The best of several rounds: on a shared machine anything else only adds. */
function best(name: string, times: number, work: (i: number) => number): void {
  let least = Number.POSITIVE_INFINITY
  let sum = 0
  for (let round = 0; round < ROUNDS; round++) {
    const before = process.cpuUsage()
    for (let i = 0; i < times; i++) sum += work(i)
    const { user, system } = process.cpuUsage(before)
    least = Math.min(least, (user + system) / times)
  }
  console.log(`${name.padEnd(30)} ${least.toFixed(3)} µs${sum < 0 ? '!' : ''}`)
}
