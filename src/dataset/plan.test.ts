import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Memory } from '../event/memory.ts'
import { Captures } from '../grok/captures.ts'
import { compileGrok } from '../grok/compile.ts'
import { GrokExpression } from '../grok/expression.ts'
import { PatternLibrary } from '../grok/library.ts'
import { Text } from '../grok/text.ts'
import { zoneOf } from '../syslog/zone.ts'
import { type EnrichInput, Enrichment } from './enrichment.ts'
import type { DatasetDefinition } from './format.ts'
import { Plan } from './plan.ts'

/** A field of every kind, all of them optional, and more than a key tells of. */
const FIELDS = [
  'source.ip',
  'source.port',
  'user.name',
  'user.target.name',
  'process.pid:int',
  'process.name',
  'event.duration',
  'host.ip',
  'a.flag',
  'a.share:float',
  'a.b.word',
  'a.b.word',
  '_kind',
  '_seconds',
  'related.hosts',
  'event.category',
  'log.level',
  'file.created',
  ...Array.from({ length: 40 }, (_, i) => `more.f${i}`),
]
const DEFINITION: DatasetDefinition = {
  dataset: 'all',
  file: 'all.yaml',
  programs: ['all'],
  text: 'message',
  definitions: {},
  patterns: [],
  fallback: 'failure',
  set: { 'event.kind': 'event', 'source.ip': '192.0.2.1', 'a.b.word': 'none' },
  fields: { 'a.flag': 'boolean' },
  dates: { 'event.end': { from: '_kind', formats: ['ISO8601'] } },
  durations: { 'event.duration': { from: '_seconds', unit: 's' } },
  lookup: { 'event.outcome': { from: '_kind', map: { ok: 'success' }, default: 'unknown' } },
  related: { ip: ['a.b.word'] },
  values: 'none',
}
const grok = (names: readonly string[]) =>
  compileGrok(
    `${names.map((name, i) => `(?:${i}=%{NOTSPACE:${name}} )?`).join('')}.*`,
    PatternLibrary.load({ vocabulary: 'ecs' }),
  )
const header = grok(['process.pid:int', 'a.b.word', 'source.port'])
const body = grok(FIELDS)
const INPUT: EnrichInput = {
  memory: new Memory(Buffer.alloc(0)),
  header: { messageStart: 0, lineEnd: 0 },
  pid: () => '',
  hasPlainPid: () => true,
  message: () => '',
  match: () => '',
  sender: '',
  tags: [],
  receivedAt: 0,
  zone: zoneOf('UTC'),
}
const VALUES = ['10.0.0.1', '::1', 'h', '-', '5', '007', '+5', '1.5', '1.50', 'ok', 'yes', 'q"\\', 'ü', '2026-11-23']

const texts = (length: number) => {
  const value = fc.option(fc.constantFrom(...VALUES))
  return fc
    .array(value, { minLength: length, maxLength: length })
    .map((values) => values.flatMap((one, i) => (one === null ? [] : [`${i}=${one} `])).join(''))
}
const lines = fc.record({ header: texts(3), body: texts(FIELDS.length) })

const plan = () => new Plan({ definition: DEFINITION, dataset: 'all', set: { 'event.action': 'x' }, header, body })
function written(by: Plan, line: { header: string; body: string }): unknown {
  const out = new Enrichment()
  out.reset()
  const matches = { header: new Captures(), body: new Captures(), text: new Text(), isPlain: false }
  new GrokExpression('header', header).matches(new Text().ofString(line.header), matches.header)
  new GrokExpression('body', body).matches(new Text().ofString(line.body), matches.body)
  out.note(by, matches, INPUT)
  out.write()
  const { dataset, level, has, ends } = out
  const json = out.bytes.toString('utf8', 0, out.used)
  // An object of all groups: what was not written well would not be read.
  const groups = [...ends].map((end, i) =>
    JSON.parse(`{"":0${out.bytes.toString('utf8', i === 0 ? 0 : ends[i - 1], end)}}`),
  )
  return { json, groups, dataset, level, has }
}

test('members are the same for combinations of captures that are known and for those beyond what is remembered', () => {
  const worn = plan()
  const fill = fc.sample(lines, 100)
  for (const line of fill) written(worn, line)
  fc.assert(
    fc.property(lines, (line) => {
      expect(written(plan(), line)).toEqual(written(worn, line))
    }),
    { numRuns: 2000 },
  )
})
