/**
 * What grok costs, in µs of CPU: a match of some shipped patterns, of the same expression with named groups, and of a
 * line that does not match; compiling a pattern; what the guard adds to a line.
 *
 *     node bench/micro-grok.ts
 */
import { Captures } from '../src/grok/captures.ts'
import { compileGrok } from '../src/grok/compile.ts'
import { expandGrok } from '../src/grok/expand.ts'
import { GrokExpression } from '../src/grok/expression.ts'
import { Guard } from '../src/grok/guard.ts'
import { PatternLibrary } from '../src/grok/library.ts'
import { Text } from '../src/grok/text.ts'

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
