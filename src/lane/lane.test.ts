import { expect, test } from 'vitest'
import type { ArchivePart } from '../archive/archive.ts'
import type { Batch } from '../buffer/buffer.ts'
import { Sender } from '../receive/sender.ts'
import { Lane } from './lane.ts'
import type { LaneOptions } from './options.ts'

const DAY = 86_400_000
const now = Date.parse('2026-11-23T03:14:21Z')
const web = new Sender('192.0.2.7', true)

function makeLane(options: Partial<LaneOptions> = {}) {
  const batches: Batch[] = []
  const archived: ArchivePart[] = []
  const positions: Record<string, unknown>[] = []
  const lane = new Lane(
    {
      stream: '00112233445566ff',
      input: 'test',
      shape: 'ecs',
      timezone: 'UTC',
      senders: [],
      routes: [],
      filters: {},
      archive: null,
      outputs: [{ name: 'out', index: 'x' }],
      window: { back: 30 * DAY, ahead: DAY },
      credits: 8,
      ...options,
    },
    {
      batch: (batch) => batches.push({ ...batch, body: batch.body.slice() }),
      archive: (parts) => archived.push(...parts),
      positions: (safe) => positions.push(safe),
      seen() {},
      counters() {},
      captureStopped() {},
    },
  )
  const push = (text: string, position?: number) => {
    const bytes = Buffer.from(text)
    lane.count(1, bytes.length)
    const at = position === undefined ? undefined : { key: 'file', value: position }
    lane.push(bytes, 0, bytes.length, web, now, false, at)
  }
  return { lane, push, batches, archived, positions }
}

test('a batch closes at 1,000 events, at 1 MiB, and when it is 250 ms old', () => {
  const { lane, push, batches } = makeLane()
  for (let i = 0; i < 1001; i++) push('<13>Nov 23 03:14:21 h app: small')
  expect(batches.map(({ count }) => count)).toEqual([1000])
  expect(lane.tick(now + 249)).toBeLessThanOrEqual(1)
  expect(batches).toHaveLength(1)
  lane.tick(now + 250)
  expect(batches.map(({ count, number }) => [number, count])).toEqual([
    [1, 1000],
    [2, 1],
  ])
  for (let i = 0; i < 40; i++) push(`<13>Nov 23 03:14:21 h app: ${'x'.repeat(60_000)}`)
  const large = batches.slice(2)
  expect(large.length).toBeGreaterThan(1)
  for (const { body } of large) expect(body.length).toBeLessThan((1 << 20) + 200_000)
})

test('the tally of a batch adds up to its events, by route and host', () => {
  const { lane, push, batches } = makeLane({ routes: [{ name: 'nova', filter: 'program("nova")' }] })
  for (const program of ['nova', 'nova', 'glance']) push(`<13>Nov 23 03:14:21 h1 ${program}: x`)
  push('<13>Nov 23 03:14:21 h2 nova: x')
  lane.flush()
  expect(batches[0].tally.toSorted()).toEqual([
    ['nova', 'h1', 2],
    ['nova', 'h2', 1],
    ['unrouted', 'h1', 1],
  ])
})

test('a batch carries the position of its own last line, never that of the line that made it close', () => {
  const { lane, push, batches } = makeLane()
  push('<13>Nov 23 03:14:21 h app: first', 1)
  // So long that it needs more room than the open batch has left.
  push(`<13>Nov 23 03:14:21 h app: ${'\x01'.repeat(60_000)}`, 2)
  expect(batches.map(({ count, positions }) => [count, positions])).toEqual([[1, { file: 1 }]])
  lane.flush()
  expect(batches[1]).toMatchObject({ count: 1, positions: { file: 2 } })
})

test('with several outputs a position follows the batches of all of them', () => {
  const outputs = ['a', 'b'].map((name) => ({ name, index: 'x' }))
  const { lane, push, batches, positions } = makeLane({ outputs })
  push('<13>Nov 23 03:14:21 h app: first', 1)
  lane.flush()
  expect(batches.map(({ output, positions }) => [output, positions])).toEqual([
    ['a', undefined],
    ['b', undefined],
  ])
  expect(positions).toEqual([{ file: 1 }])
})

test('lines that no output gets have positions too, once nothing else waits', () => {
  const { lane, push, positions } = makeLane({ routes: [{ name: 'noise', drop: true }] })
  push('<13>Nov 23 03:14:21 h app: dropped', 7)
  lane.tick(now + 1000)
  expect(positions).toEqual([{ file: 7 }])
})

test('archive paths may hold what differs from line to line, and lines of a file stay in order', () => {
  const { lane, push, archived } = makeLane({ archive: '/log/${host}/${program}-${pid}-${hour}.log', outputs: [] })
  for (const [pid, hour] of [
    [1, '03'],
    [2, '03'],
    [1, '03'],
    [1, '02'],
  ])
    push(`<13>2026-11-23T${hour}:10:00Z h app[${pid}]: at ${hour}`)
  lane.flush()
  const files = Object.fromEntries(archived.map(({ path, lines }) => [path.replace(/-\d\d\.log$/, ''), lines]))
  expect(archived.map(({ lines }) => lines).toSorted()).toEqual([1, 1, 2])
  expect(Object.keys(files).toSorted()).toEqual(['/log/h/app-1', '/log/h/app-2'])
})
