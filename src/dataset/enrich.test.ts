import { expect, test } from 'vitest'
import { eventsFrom } from '../lane/line-parser.ts'
import type { LaneOptions } from '../lane/options.ts'
import { differences } from './dotted.ts'
import { definitionOf, readDataset } from './load.ts'

const DAY = 86_400_000
const RECEIVED = Date.parse('2026-11-23T03:14:22Z')

function definitions(...files: string[]) {
  return files.map((text, i) => {
    const { file, problems } = readDataset(text)
    if (file === undefined) throw new Error(JSON.stringify(problems))
    return definitionOf(file, `file${i}.yaml`)
  })
}

function lane(files: string[], more: Partial<LaneOptions> = {}): LaneOptions {
  return {
    stream: '00112233445566ff',
    input: 'test',
    shape: 'ecs',
    timezone: 'UTC',
    senders: [],
    routes: [],
    filters: {},
    archive: null,
    outputs: [],
    window: { back: 30 * DAY, ahead: DAY },
    credits: 8,
    datasets: { definitions: definitions(...files), patterns: [] },
    ...more,
  }
}

function event(file: string, message: string, more: Partial<LaneOptions> = {}) {
  const [one] = eventsFrom(lane([file], more), [`<14>Nov 23 03:14:21 h app[7]: ${message}`], RECEIVED)
  return one
}

const expectFields = (got: unknown, wanted: Record<string, unknown>) => expect(differences(wanted, got)).toEqual([])

const APP = `
dataset: app
programs: [app]
definitions: { WHAT: '[a-z]+' }
patterns:
  - name: call
    match: '%{WHAT:event.action} from %{IPORHOST:source.ip}:%{NOTSPACE:source.port} by %{NOTSPACE:user.name} code %{NOTSPACE:http.response.status_code} took %{NOTSPACE:_took}(?: level %{WORD:log.level})?(?: pid %{INT:process.pid})?(?: at %{NOTSPACE:_at})?$'
    set: { event.category: network, log.level: notice, app.kind: call }
  - name: typed
    match: 'typed %{NOTSPACE:app.long} %{NOTSPACE:app.double} %{NOTSPACE:app.flag} %{NOTSPACE:app.date} %{NOTSPACE:app.int:int} %{GREEDYDATA:[app][text]}$'
  - name: twice
    match: 'twice %{WORD:app.words} %{WORD:app.words}'
set: { event.module: app, app.kind: any }
fields: { app.long: long, app.double: double, app.flag: boolean, app.date: date }
level: { map: { W: warning } }
time: { from: _at, formats: [ISO8601, UNIX, 'dd/MMM/yyyy:HH:mm:ss.SSS'] }
durations: { event.duration: { from: _took, unit: ms } }
lookup: { event.outcome: { from: http.response.status_code, map: { '2??': success, '404': unknown }, default: failure } }
`

test('captures, constants, lookups, durations and what they are related to become typed fields', () => {
  const got = event(APP, 'get from 192.0.2.7:0514 by root code 200 took 1.5')
  expectFields(got, {
    'event.dataset': 'app',
    'event.action': 'get',
    'event.category': ['network'],
    'event.module': 'app',
    'event.outcome': 'success',
    'event.duration': 1_500_000,
    'source.ip': '192.0.2.7',
    'source.port': 514,
    'source.domain': null,
    'http.response.status_code': 200,
    'app.kind': 'call',
    'related.ip': ['192.0.2.7'],
    'related.user': ['root'],
    'related.hosts': null,
    _took: null,
    'log.level': 'notice',
    'process.pid': 7,
    tags: null,
  })
})

test('a host’s name for an address, values that are not of their type, and the default of a lookup', () => {
  const got = event(APP, 'get from web1.example:x by root code 503 took -')
  expectFields(got, {
    'source.ip': null,
    'source.domain': 'web1.example',
    'source.port': null,
    'related.ip': null,
    'related.hosts': ['web1.example'],
    'event.outcome': 'failure',
    'event.duration': null,
  })
  expectFields(event(APP, 'typed 9223372036854775808 1e999 maybe 2026-13-01 12x t'), {
    'app.long': null,
    'app.double': null,
    'app.flag': null,
    'app.date': null,
    'app.int': null,
    'app.text': 't',
  })
  expectFields(event(APP, 'typed -007 +.5 YES 2026-11-23T01:02:03Z 9223372036854775807 "\\ü\u0001'), {
    'app.long': -7,
    'app.double': 0.5,
    'app.flag': true,
    'app.date': '2026-11-23T01:02:03Z',
    'app.text': '"\\ü\u0001',
  })
  expectFields(event(APP, 'twice one two'), { 'app.words': ['one', 'two'] })
})

test('level, pid and time of the text outrank the header’s, and the index follows the time', () => {
  const line = 'get from ::1:1 by root code 200 took 1 level W pid 42 at 2026-11-22T23:00:00.5+01:00'
  const got = event(APP, line)
  expectFields(got, { '@timestamp': '2026-11-22T22:00:00.500Z', 'log.level': 'warning', 'process.pid': 42 })
  expect(JSON.stringify(got).match(/"(?:pid|level)":/g)).toHaveLength(2)
  expectFields(event(APP, line.replace('2026-11-22T23', '2026-02-30T23')), { '@timestamp': '2026-11-23T03:14:21.000Z' })
  expectFields(event(APP, line, { shape: 'logstash' }), { syslog_severity: 'WARNING', 'process.pid': 42 })
})

test('a line that no pattern fits is tagged, says why, and keeps what is common to the file', () => {
  expectFields(event(APP, 'nothing of the kind'), {
    'event.dataset': 'app',
    'event.module': 'app',
    tags: ['_grokparsefailure'],
    'error.message': 'app: no pattern fits; nearest is app/call, up to about character 8, where it wants "from "',
  })
  expectFields(event(APP, 'typed 1 2'), {
    'error.message': 'app: no pattern fits; nearest is app/typed, up to about character 9, where it wants " "',
  })
  expectFields(event(APP, 'twice a !'), {
    'error.message':
      'app: no pattern fits; nearest is app/twice, up to about character 8, where it wants %{WORD:app.words}',
  })
  expectFields(event(APP, '?'), { 'error.message': 'app: no pattern fits' })
})

const HEADED = `
dataset: oslo
programs: ['nova-*']
header: '%{INT:process.pid} (?<log.level>[A-Z]+) %{NOTSPACE:log.logger} %{GREEDYDATA:rest}'
patterns: [{ name: start, match: 'Starting %{GREEDYDATA:oslo.what}' }]
fallback: whole
`

test('a header comes before the patterns; with it, free text is no failure', () => {
  const options = lane([HEADED])
  const [start, free, bare] = eventsFrom(
    options,
    ['9 WARN nova.x Starting it', '9 TRACE nova.x anything', 'anything'].map(
      (text) => `<14>Nov 23 03:14:21 h nova-api: ${text}`,
    ),
    RECEIVED,
  )
  expectFields(start, {
    'event.dataset': 'oslo',
    'oslo.what': 'it',
    'log.level': 'warning',
    'process.pid': 9,
    'log.logger': 'nova.x',
    rest: null,
  })
  expectFields(free, { 'event.dataset': 'oslo', 'log.level': 'debug', tags: null })
  expectFields(bare, { 'event.dataset': 'oslo', tags: ['_grokparsefailure'] })
})

test('what a pattern sets outranks what its header says, not what it says itself', () => {
  const file = `
dataset: lookups
programs: [app]
header: '(?<log.level>[A-Z]+) %{GREEDYDATA:rest}'
patterns:
  - { name: login, match: 'login of %{WORD:user.name}( %{WORD:_how})?', set: { event.type: [start], event.outcome: failure } }
  - { name: any, match: 'any' }
lookup:
  event.type: { from: log.level, map: { ERROR: [error] }, default: [info] }
  event.outcome: { from: _how, map: { well: success } }
`
  expectFields(event(file, 'ERROR any'), { 'event.type': ['error'], 'event.outcome': null })
  expectFields(event(file, 'ERROR login of eve'), { 'event.type': ['start'], 'event.outcome': 'failure' })
  expectFields(event(file, 'ERROR login of joe well'), { 'event.type': ['start'], 'event.outcome': 'success' })
})

test('files that name the program go before those for every program, which claim only what they match', () => {
  const every = "dataset: pam\npatterns: [{ name: x, match: 'pam %{WORD:pam.module}' }]"
  const dataset = (files: string[], text: string) =>
    eventsFrom(lane(files), [`<14>Nov 23 03:14:21 h app[7]: ${text}`], RECEIVED).map(
      (one) => differences({ 'event.dataset': null }, one)[0]?.got,
    )
  expect(dataset([every, APP], 'pam unix')).toEqual(['pam'])
  expect(dataset([every, APP], 'twice a b')).toEqual(['app'])
  expect(dataset([every, APP], 'neither')).toEqual(['app'])
  expect(dataset([every], 'neither')).toEqual([undefined])
  expect(dataset([`${APP}filter: 'host("other")'`], 'twice a b')).toEqual([undefined])
  expect(dataset([`${APP}filter: 'message("twice")'`], 'twice a b')).toEqual(['app'])
})

const ANY_HEADED = `
dataset: headed
programs: ['*']
header: '<%{WORD:headed.kind}> %{GREEDYDATA:rest}'
patterns: [{ name: any, match: '%{GREEDYDATA:headed.text}' }]
`

test('of files for every program, one with a header goes before one that looks for a word', () => {
  const word = `
dataset: word
programs: ['*', '/^$/']
filter: message("word")
patterns: [{ name: any, match: '%{GREEDYDATA:word.text}' }]
`
  const lines = [
    '<14>Nov 23 03:14:21 h app: <k> a word',
    '<14><k> a word',
    '<14>Nov 23 03:14:21 h app: a word',
    '<14>a word',
  ]
  const got = eventsFrom(lane([word, ANY_HEADED]), lines, RECEIVED)
  for (const i of [0, 1]) expectFields(got[i], { 'event.dataset': 'headed', 'headed.text': 'a word', word: null })
  for (const i of [2, 3]) expectFields(got[i], { 'event.dataset': 'word', 'word.text': 'a word', headed: null })
})

test('a file that names lines without a program, of some hosts, goes before those for every program', () => {
  const own = `
dataset: own
programs: ['/^$/']
filter: host("192.0.2.1")
patterns: [{ name: any, match: '<k> %{WORD:own.text}' }]
`
  const got = eventsFrom(lane([own, ANY_HEADED]), ['<14><k> word', '<14>unlike it'], RECEIVED, '192.0.2.1')
  expectFields(got[0], { 'event.dataset': 'own', 'own.text': 'word', headed: null })
  expectFields(got[1], { 'event.dataset': 'own', tags: ['_grokparsefailure'] })
})

test('JSON and key=value messages are lifted, within limits, and never into a prototype', () => {
  const lifted = (message: string) => eventsFrom(lane([]), [`<14>Nov 23 03:14:21 h x: ${message}`], RECEIVED)[0]
  expect(lifted('{"a":{"b":[1,null,"x"]},"__proto__":{"c":1},"":2,"n":null}')).toMatchObject({
    event: { dataset: 'json' },
    json: { a: { b: [1, 'x'] } },
  })
  expect(Object.keys(Object(lifted('@cee: {"__proto__":{"c":1},"d":1}').json))).toEqual(['d'])
  expect(lifted('a=1 b="two words" c= d=\'x y\', e=5')).toMatchObject({
    kv: { a: '1', b: 'two words', d: 'x y', e: '5' },
  })
  for (const prose of ['{"a":1', '{} and more', 'a=1 b=2', 'sets a=1 b=2 c=3', 'a=1 b=2 c=3 and so on'])
    expect(lifted(prose)).not.toHaveProperty('event.dataset')
  const deep = lifted(`${'{"a":'.repeat(500)}1${'}'.repeat(500)}`)
  expect(JSON.stringify(deep.json).length).toBeLessThan(60)
  const many = lifted(`{${Array.from({ length: 700 }, (_, i) => `"k${i}":1`).join()}}`)
  expect(Object.keys(Object(many.json))).toHaveLength(200)
})

test('a route chooses datasets for its lines, whatever program and filter these are for', () => {
  const web = (name: string, more = '') => `
dataset: ${name}
programs: [nobody]
filter: host("nowhere")
patterns: [{ name: any, match: '${name} %{WORD:event.action}' }]
${more}`
  const files = [web('a'), web('b'), web('c', 'fallback: whole'), APP]
  const routes = [
    { name: 'ab', filter: 'message("^[ab]")', datasets: ['b', 'a'] },
    { name: 'none', filter: 'message("code")', datasets: [] },
    { name: 'more', filter: 'message("free")', datasets: ['c'], continue: true },
    { name: 'rest', datasets: ['a'] },
  ]
  const of = (message: string) => event(files[3], message, lane(files, { routes }))
  expectFields(of('a x'), { 'event.dataset': 'a', 'event.action': 'x' })
  expectFields(of('b y'), { 'event.dataset': 'b', 'event.action': 'y' })
  expectFields(of('b'), { 'event.dataset': 'b', tags: ['_grokparsefailure'] })
  expectFields(of('get from h:1 by root code 200 took 1'), { 'event.dataset': null, tags: null })
  expectFields(of('free'), { 'event.dataset': 'c', tags: null })
})
