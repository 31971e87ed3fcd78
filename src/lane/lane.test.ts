import { expect, test, vi } from 'vitest'
import type { Batch } from '../buffer/buffer.ts'
import { definitionOf, readDataset } from '../dataset/load.ts'
import { eventsOf } from '../deliver/bulk-lines.ts'
import { Guard } from '../grok/guard.ts'
import { flowOf, handedOn } from '../ledger/flows.ts'
import { Sender } from '../receive/sender.ts'
import { Lane } from './lane.ts'
import type { LaneOptions } from './options.ts'
import type { SetAside } from './outlet.ts'

const DAY = 86_400_000
const NOW = Date.parse('2026-11-23T03:14:22Z')

const TRACE = `
dataset: trace
programs: [trace]
patterns: [{ name: all, match: '(?<trace.text>[\\s\\S]*)' }]
multiline: { continues: '^\\s|^Traceback', within: 1000, max: 4 }
`

function open(file: string, more: Partial<LaneOptions> = {}, guarded = false) {
  const { file: dataset, problems } = readDataset(file)
  if (dataset === undefined) throw new Error(JSON.stringify(problems))
  const batches: Batch[] = []
  const positions: Record<string, unknown>[] = []
  const archived: string[] = []
  const aside: SetAside[] = []
  const options: LaneOptions = {
    stream: '00112233445566ff',
    input: 'test',
    shape: 'ecs',
    timezone: 'UTC',
    senders: [],
    routes: [
      { name: 'none', filter: 'program("none")', deliver: false },
      { name: 'gone', filter: 'program("gone")', drop: true },
    ],
    filters: {},
    archive: '/x/${host}.log',
    outputs: [{ name: 'out', index: 'i' }],
    window: { back: 30 * DAY, ahead: DAY },
    credits: 8,
    datasets: { definitions: [definitionOf(dataset, 'trace.yaml')], patterns: [], guarded },
    ...more,
  }
  const lane = new Lane(options, {
    batch: (batch) => batches.push({ ...batch, body: batch.body.slice() }),
    archive: (parts) => archived.push(...parts.map(({ bytes }) => Buffer.from(bytes).toString())),
    positions: (some) => positions.push(some),
    setAside: (about) => aside.push(about),
    seen() {},
    counters() {},
    captureStopped() {},
  })
  const push = (line: string, at = NOW, from = '192.0.2.1', position?: number) => {
    const bytes = Buffer.from(line)
    lane.count(1, bytes.length)
    const place = position === undefined ? undefined : { key: 'file', value: position }
    lane.push(bytes, 0, bytes.length, senders(from), at, false, place)
  }
  const known = new Map<string, Sender>()
  const senders = (address: string) => {
    const sender = known.get(address) ?? new Sender(address, true)
    known.set(address, sender)
    return sender
  }
  const events = () =>
    batches.flatMap(({ body }) =>
      [...eventsOf(body)].map(({ actionStart, documentStart, documentEnd }) => {
        const { _id: id } = JSON.parse(Buffer.from(body.subarray(actionStart, documentStart)).toString()).create
        return { id, ...JSON.parse(Buffer.from(body.subarray(documentStart, documentEnd)).toString()) }
      }),
    )
  const counters = () => Object.fromEntries(lane.counters.names.map((name, i) => [name, lane.counters.values[i]]))
  /** What the ledger believes to have been handed on, and what was. */
  const sums = () => {
    const flow = flowOf(counters(), 'out')
    return [flow === null ? Number.NaN : handedOn(flow), batches.reduce((sum, { count }) => sum + count, 0)]
  }
  return { lane, push, events, counters, sums, batches, positions, archived, aside, senders }
}

const line = (text: string, pid = 1, program = 'trace') => `<11>Nov 23 03:14:21 h ${program}[${pid}]: ${text}`
const texts = (events: { message: string }[]) => events.map(({ message }) => message)

test('continuation lines join the line before of their sender, program and pid, and the sum closes', () => {
  const { lane, push, events, sums, counters, archived } = open(TRACE)
  push(line('one'))
  push(line('  of pid 2, which began nothing', 2))
  push(line('  more of one'))
  push(line('  of another sender'), NOW, '192.0.2.2')
  push(line('Traceback'))
  push(line('two'))
  push(line('not joined', 1, 'other'))
  push(line('  archived only', 1, 'none'))
  push(line('  dropped', 1, 'gone'))
  lane.flush()
  expect(texts(events()).sort()).toEqual([
    '  of another sender',
    '  of pid 2, which began nothing',
    'not joined',
    'one\n  more of one\nTraceback',
    'two',
  ])
  expect(counters()).toMatchObject({ received: 9, joined: 2 })
  const [believed, handed] = sums()
  expect(believed).toBe(handed)
  expect(archived.join('').split('\n').filter(Boolean)).toHaveLength(8)
})

test('a held line goes out when its time is over, when enough lines were joined, and when a thousand others wait', () => {
  const { lane, push, events, sums } = open(TRACE)
  push(line('late'))
  expect(lane.idle).toBe(false)
  expect(lane.tick(NOW + 1)).toBeLessThanOrEqual(1000)
  lane.tick(NOW + 1001)
  push(line('  too late'), NOW + 1002)
  lane.tick(NOW + 5000)
  lane.flush()
  expect(texts(events())).toEqual(['late', '  too late'])
  for (let i = 0; i < 6; i++) push(line(`  ${i}`, 9), NOW + 6000)
  for (let pid = 10; pid < 3000; pid++) push(line('many', pid), NOW + 7000)
  expect(events().length).toBeGreaterThan(0)
  lane.flush()
  expect(texts(events()).filter((text) => /\d/.test(text))).toEqual(['  0\n  1\n  2\n  3', '  4\n  5'])
  const [believed, handed] = sums()
  expect(believed).toBe(handed)
})

test('ids are those of the first lines, whatever is joined, so that a file read again gives the same', () => {
  const { lane, push, events } = open(TRACE)
  for (const text of ['a', '  b', '  c', 'd']) push(line(text))
  lane.flush()
  expect(events().map(({ id }) => id.slice(-2))).toEqual(['01', '04'])
})

test('a position is safe only when no line up to it is held back', () => {
  const { lane, push, batches, positions } = open(TRACE)
  const carried = () => [...batches.map(({ positions: some }) => some), ...positions].map((some) => some?.file)
  push(line('a', 1, 'other'), NOW, '192.0.2.1', 1)
  push(line('held'), NOW, '192.0.2.1', 2)
  push(line('c', 1, 'other'), NOW, '192.0.2.1', 3)
  lane.tick(NOW + 300)
  expect(carried()).toEqual([1])
  push(line('  joined'), NOW + 301, '192.0.2.1', 4)
  push(line('new', 7), NOW + 900, '192.0.2.1', 5)
  lane.tick(NOW + 1301)
  lane.tick(NOW + 1301 + 300)
  expect(
    carried()
      .filter((one) => one !== undefined)
      .at(-1),
  ).toBeLessThan(5)
  lane.flush()
  expect(
    carried()
      .filter((one) => one !== undefined)
      .at(-1),
  ).toBe(5)
})

const RUNAWAY = `
dataset: own
programs: [own]
patterns:
  - { name: runaway, match: '(?:(?:a|aa)+)+(?=z)!' }
  - { name: good, match: 'good %{INT:own.number}' }
`

test('what is handed over together is guarded together, and over when it returns', () => {
  const { lane: guarded, senders: from, ...seen } = open(RUNAWAY, {}, true)
  const run = vi.spyOn(Guard.prototype, 'run')
  const bytes = Buffer.from(line('good 1', 1, 'own'))
  guarded.together(() => {
    for (let i = 0; i < 1000; i++) guarded.push(bytes, 0, bytes.length, from('192.0.2.1'), NOW)
  })
  // The bytes are the caller's again.
  bytes.fill(0x20)
  expect(run.mock.calls.map(([count]) => count)).toEqual([512, 488])
  guarded.push(Buffer.from(line('good 2', 1, 'own')), 0, bytes.length, from('192.0.2.1'), NOW)
  expect(run).toHaveBeenCalledTimes(3)
  run.mockRestore()
  guarded.flush()
  expect(seen.events().map(({ message }) => message)).toEqual([...Array<string>(1000).fill('good 1'), 'good 2'])
})

test('bytes are free once all that was announced is pushed, and no batch is longer than it may be', () => {
  const { lane, senders, events, batches } = open(TRACE)
  const bytes = Buffer.alloc(100)
  const push = (from: number, to: number) => {
    for (let i = from; i < to; i++) {
      const length = bytes.write(line(`${i}`, 1, 'other'), (i % 2) * 50)
      lane.push(bytes, (i % 2) * 50, (i % 2) * 50 + length, senders('192.0.2.1'), NOW)
    }
  }
  for (let i = 0; i < 2610; i += 2) {
    if (i % 4 === 0) {
      lane.received(2, 100, 0)
      push(i, i + 2)
    } else lane.together(() => push(i, i + 2))
    bytes.fill(0)
  }
  const whole = Buffer.from(line('long', 1, 'other'))
  lane.together(() => {
    for (let i = 0; i < 2400; i++) lane.push(whole, 0, whole.length, senders('192.0.2.1'), NOW)
  })
  lane.flush()
  const wanted = [...Array.from({ length: 2610 }, (_, i) => `${i}`), ...Array<string>(2400).fill('long')]
  expect(texts(events())).toEqual(wanted)
  expect(batches.map(({ count }) => count)).toEqual([1000, 1000, 1000, 1000, 1000, 10])
})

test('a pattern that runs away is set aside for the program; no line of the batch is lost or taken twice', () => {
  const { lane: guarded, senders: from, ...seen } = open(RUNAWAY, {}, true)
  const lines = Array.from({ length: 100 }, (_, i) =>
    Buffer.from(line(i % 40 === 30 ? 'a'.repeat(60) : `good ${i}`, 1, 'own')),
  )
  guarded.received(lines.length, 0, 0)
  for (const bytes of lines) guarded.push(bytes, 0, bytes.length, from('192.0.2.1'), NOW)
  guarded.flush()
  const got = seen.events()
  expect(got.map(({ message }) => message)).toEqual(lines.map((bytes) => bytes.toString().split(': ')[1]))
  expect(new Set(got.map(({ id }) => id)).size).toBe(100)
  expect(seen.sums()).toEqual([100, 100])
  expect(seen.aside).toMatchObject([{ pattern: 'own/runaway', program: 'own' }])
  expect(got[30].sluice.flags).toEqual(['pattern_timeout'])
  expect(got[29]).toMatchObject({ own: { number: '29' } })
  expect(got[99]).toMatchObject({ own: { number: '99' } })
  expect(seen.counters()['flag:pattern_timeout']).toBeGreaterThanOrEqual(2)
})
