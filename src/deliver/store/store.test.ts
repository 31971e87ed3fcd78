import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Batch } from '../../buffer/buffer.ts'
import { answerQuery } from './answer.ts'
import type { Happening } from './happening.ts'
import { Store, type StoreOptions } from './store.ts'

const NOON = Date.UTC(2026, 10, 23, 12)
const DAY = 86_400_000

interface Sample {
  message: string
  time?: number
  host?: string
  program?: string
  level?: string
  index?: string
}

let path: string
let happenings: Happening[]
let stores: Store[]
let clock: number

beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'sluice-store-'))
  happenings = []
  stores = []
  clock = NOON - DAY
})

afterEach(async () => {
  for (const store of stores) await store.close()
  rmSync(path, { recursive: true })
})

async function open(options: Partial<StoreOptions> = {}): Promise<Store> {
  const store = await Store.open({ path, report: (one) => happenings.push(one), now: () => clock, ...options })
  stores.push(store)
  return store
}

function docOf({ message, time = NOON, host = 'web1', program = 'app', level = 'informational' }: Sample): string {
  return JSON.stringify({
    '@timestamp': new Date(time).toISOString(),
    message,
    event: { original: `x ${message}`, created: new Date(NOON).toISOString(), dataset: 'syslog' },
    host: { name: host },
    process: { name: program },
    log: { level, syslog: { priority: 14, severity: { code: 6, name: 'informational' } } },
    sluice: { route: 'unrouted' },
  })
}

function batch(number: number, docs: (Sample | string)[], more: Partial<Batch> = {}): Batch {
  const lines = docs.map((doc, index) => {
    const day = new Date(typeof doc === 'string' ? NOON : (doc.time ?? NOON)).toISOString().slice(0, 10)
    const action = { create: { _index: `syslog-${day.replaceAll('-', '.')}`, _id: `s-${number}-${index}` } }
    return `${JSON.stringify(action)}\n${typeof doc === 'string' ? doc : docOf(doc)}\n`
  })
  const count = docs.length
  const received = { from: NOON, to: NOON }
  const body = Buffer.from(lines.join(''))
  return { stream: '00000000000000aa', number, part: 0, output: 'store', count, body, tally: [], received, ...more }
}

async function messages(store: Store, options: Parameters<Store['query']>[0] = {}): Promise<(string | null)[]> {
  const found: (string | null)[] = []
  for await (const { message } of store.query({ order: 'oldest', ...options })) found.push(message)
  return found
}

/** It is the next day: what belongs to the days before gets sealed. */
async function dayEnds(store: Store): Promise<void> {
  clock += DAY
  await store.maintain()
}

async function all<T>(rows: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const row of rows) found.push(row)
  return found
}

const done = (n: number) => ({ done: n, duplicate: 0, exceptions: [] })
const again = (n: number) => ({ done: 0, duplicate: n, exceptions: [] })

describe('delivery', () => {
  test('a batch is stored once, however often and wherever it is delivered', async () => {
    const store = await open()
    const one = batch(1, [{ message: 'a' }, { message: 'b' }])
    expect(await store.deliver([one, batch(2, [{ message: 'c' }]), one])).toEqual([done(2), done(1), again(2)])
    expect(await store.deliver([one])).toEqual([again(2)])
    await store.close()
    const reopened = await open()
    expect(await reopened.deliver([one, batch(3, [{ message: 'd' }])])).toEqual([again(2), done(1)])
    expect((await messages(reopened)).sort()).toEqual(['a', 'b', 'c', 'd'])
  })

  test('two deliveries of the same batch at the same time count it once', async () => {
    const store = await open()
    const outcomes = await Promise.all([1, 2, 3].map(() => store.deliver([batch(1, [{ message: 'a' }])])))
    expect(outcomes.flat().map((outcome) => outcome.done)).toEqual([1, 0, 0])
  })

  test('stream, output and part tell batches of one number apart', async () => {
    const store = await open()
    const docs = [{ message: 'a' }]
    const others = [{ part: 1 }, { output: 'other' }, { stream: '00000000000000bb' }].map((more) =>
      batch(1, docs, more),
    )
    expect(await store.deliver([batch(1, docs), ...others])).toEqual([done(1), done(1), done(1), done(1)])
  })

  test('what DuckDB cannot take is dead with a reason; the rest is stored, and a second answer is the same', async () => {
    const store = await open()
    const bad = batch(1, [{ message: 'a' }, '{"message": "cut', { message: 'b' }, '', '{"message": "\\ud800"}'])
    const [outcome] = await store.deliver([bad, batch(2, [{ message: 'd' }])])
    expect(outcome?.done).toBe(2)
    expect(outcome?.exceptions.map(([index, verdict]) => [index, verdict])).toEqual([
      [1, 'dead'],
      [3, 'dead'],
      [4, 'dead'],
    ])
    expect(outcome?.exceptions[0]?.[2]).toMatch(/JSON/)
    expect((await messages(store)).sort()).toEqual(['a', 'b', 'd'])
    expect(await store.deliver([bad])).toEqual([{ done: 0, duplicate: 2, exceptions: outcome?.exceptions }])
  })

  test('bytes that are no UTF-8 and a body that does not hold what the batch says are dead, not lost', async () => {
    const store = await open()
    const latin = batch(1, [{ message: 'a' }, { message: 'caf?' }])
    latin.body[Buffer.from(latin.body).lastIndexOf('caf?') + 3] = 0xe9
    const short = batch(2, [{ message: 'b' }], { count: 2 })
    const [one, two] = await store.deliver([latin, short])
    expect(one).toMatchObject({ done: 1, exceptions: [[1, 'dead', expect.stringMatching(/UTF/i)]] })
    expect(two).toMatchObject({
      done: 0,
      exceptions: [
        [0, 'dead', expect.any(String)],
        [1, 'dead', expect.any(String)],
      ],
    })
    expect(await messages(store)).toEqual(['a'])
  })

  test('events come back byte by byte, whatever is in them', async () => {
    const store = await open()
    const odd = [
      docOf({ message: 'quote " back \\ tab \t nul \0 line\nfeed \u2028 \u{1f600}' }),
      `{"message":"numbers", "n": 1.0e2, "big":12345678901234567890, "dup":1,"dup":2}`,
      docOf({ message: "'); DROP TABLE events; --" }),
    ]
    expect(await store.deliver([batch(1, odd)])).toEqual([done(3)])
    const found = await all(store.query({ order: 'oldest' }))
    expect(found.map(({ doc }) => doc).sort()).toEqual([...odd].sort())
    expect(await messages(store, { text: "'); DROP" })).toEqual(["'); DROP TABLE events; --"])
  })
})

describe('shapes', () => {
  test('logstash: times without a zone are UTC, the columns are the same', async () => {
    const store = await open()
    const doc = JSON.stringify({
      message: 'Dec  3 00:24:38 controller haproxy[1474]: the text',
      '@timestamp': '2013-12-03T00:24:38',
      type: 'syslog_haproxy',
      program: 'haproxy',
      received_at: 'Dec  3 00:24:38',
      syslog_severity: 'INFO',
      '@source_host': 'controller',
      '@message': ' the text',
    })
    await store.deliver([batch(1, [doc])])
    expect(await all(store.query({}))).toEqual([
      {
        id: 's-1-0',
        time: Date.UTC(2013, 11, 3, 0, 24, 38),
        host: 'controller',
        program: 'haproxy',
        level: 'info',
        dataset: 'syslog_haproxy',
        route: null,
        message: ' the text',
        doc,
      },
    ])
    expect(await messages(store, { severity: [6] })).toEqual([' the text'])
  })

  test('an event with no usable time has that of its reception', async () => {
    const store = await open()
    const odd = ['{"message":"none"}', '{"@timestamp":"infinity","message":"never"}', '{"@timestamp":7,"message":"n"}']
    await store.deliver([batch(1, odd)])
    expect((await all(store.query({}))).map(({ time }) => time)).toEqual([NOON, NOON, NOON])
  })
})

describe('queries', () => {
  test('filters, over open table and parts alike', async () => {
    const store = await open()
    await store.deliver([
      batch(1, [
        { message: 'Connection REFUSED by 10.0.0.1', time: NOON - 2 * DAY, level: 'error' },
        { message: 'connection accepted', time: NOON - 2 * DAY + 1, host: 'DB1' },
        { message: 'connection refused (100%)', time: NOON, program: 'sshd', level: 'warning' },
      ]),
    ])
    await dayEnds(store)
    expect(readdirSync(path)).toContain('day=2026-11-21')
    expect(await messages(store, { text: 'connection' })).toHaveLength(3)
    expect(await messages(store, { text: 'refused CONNECTION' })).toHaveLength(2)
    expect(await messages(store, { text: '"connection refused" -10.0.0.1' })).toEqual(['connection refused (100%)'])
    expect(await messages(store, { text: '10.0.0_1' })).toEqual([])
    expect(await messages(store, { text: '10x0' })).toEqual([])
    expect(await messages(store, { text: '(100%)' })).toHaveLength(1)
    expect(await messages(store, { host: ['db1', 'none'] })).toEqual(['connection accepted'])
    expect(await messages(store, { severity: [3, 4] })).toHaveLength(2)
    expect(await messages(store, { from: NOON - 2 * DAY + 1, to: NOON })).toEqual(['connection accepted'])
    expect(await messages(store, { limit: 1, order: 'newest' })).toEqual(['connection refused (100%)'])
    expect(await all(store.histogram({ interval: DAY }))).toEqual([
      { time: Date.UTC(2026, 10, 21), events: 2 },
      { time: Date.UTC(2026, 10, 23), events: 1 },
    ])
    expect(await all(store.top({ field: 'program' }))).toEqual([
      { value: 'app', events: 2 },
      { value: 'sshd', events: 1 },
    ])
  })

  test('questions from outside are checked', async () => {
    const store = await open()
    await store.deliver([batch(1, [{ message: 'a', level: 'error' }, { message: 'b' }])])
    expect(await all(answerQuery(store, { kind: 'events', level: 'warning' }))).toMatchObject([{ message: 'a' }])
    expect(await all(answerQuery(store, { kind: 'top', field: 'host' }))).toEqual([{ value: 'web1', events: 2 }])
    await expect(all(answerQuery(store, { kind: 'top', field: 'doc; DROP' }))).rejects.toThrow('field')
    await expect(all(answerQuery(store, { kind: 'events', limit: '1' }))).rejects.toThrow('limit')
    await expect(all(answerQuery(store, 'everything'))).rejects.toThrow('query')
  })
})

describe('sealing and retention', () => {
  test('days that are over become Parquet files; what comes late goes to a further part', async () => {
    const store = await open()
    await store.deliver([batch(1, [{ message: 'old', time: NOON - DAY }, { message: 'new' }])])
    await dayEnds(store)
    await store.deliver([batch(2, [{ message: 'late', time: NOON - DAY + 5 }])])
    await store.maintain()
    expect(readdirSync(join(path, 'day=2026-11-22'))).toEqual(['part-1.parquet'])
    await dayEnds(store)
    expect(readdirSync(join(path, 'day=2026-11-22')).sort()).toEqual(['part-1.parquet', 'part-2.parquet'])
    expect(readdirSync(join(path, 'day=2026-11-23'))).toEqual(['part-1.parquet'])
    expect(await messages(store)).toEqual(['old', 'late', 'new'])
    expect(await store.deliver([batch(1, [{ message: 'old' }, { message: 'new' }])])).toEqual([again(2)])
  })

  test('a full partition is sealed during its day', async () => {
    const store = await open({ partitionSize: 10_000 })
    for (let number = 1; number <= 30; number++)
      await store.deliver([batch(number, [{ message: `m ${number} ${'x'.repeat(500)}` }])])
    await store.maintain()
    expect(readdirSync(join(path, 'day=2026-11-23')).length).toBeGreaterThan(1)
    expect(await messages(store)).toHaveLength(30)
  })

  test('the oldest whole days go first, by age and by size, and are counted', async () => {
    const store = await open({ retention: { days: 2 } })
    const days = [3, 2, 1].map((ago) => ({ message: `${ago}`, time: NOON - ago * DAY }))
    await store.deliver([batch(1, days)])
    await dayEnds(store)
    expect(await messages(store)).toEqual(['2', '1'])
    expect(happenings.filter(({ kind }) => kind === 'expired')).toMatchObject([
      { day: '2026-11-20', events: 1, rule: 'days' },
    ])
    await store.close()
    writeFileSync(join(path, 'mine.txt'), 'not the store\u2019s')
    await open({ retention: { size: 1 } })
    expect(happenings.filter(({ kind }) => kind === 'expired')).toMatchObject([
      { day: '2026-11-20' },
      { day: '2026-11-21', rule: 'size' },
      { day: '2026-11-22', rule: 'size' },
    ])
    expect(readdirSync(path).filter((name) => !name.startsWith('events.duckdb'))).toEqual(['mine.txt'])
  })
})

test('a search under way keeps its files: sealing and retention neither disturb it nor double an event', async () => {
  const store = await open({ retention: { days: 1 } })
  await store.deliver([batch(1, [{ message: 'old', time: NOON - 2 * DAY }, { message: 'new' }])])
  clock += DAY / 2
  const early = store.query({ order: 'oldest' })
  expect((await early.next()).value?.message).toBe('old')
  await dayEnds(store) // seals both days, and drops the first
  expect((await early.next()).value?.message).toBe('new')
  expect((await early.next()).done).toBe(true)

  const late = store.query({ order: 'oldest' })
  expect((await late.next()).value?.message).toBe('new')
  const file = join(path, 'day=2026-11-23/part-1.parquet')
  clock += 3 * DAY
  await store.maintain()
  expect(existsSync(file)).toBe(true)
  expect(await messages(store)).toEqual([])
  await late.return(undefined)
  await store.maintain()
  expect(existsSync(file)).toBe(false)
})

describe('damage', () => {
  test('a database that cannot be read is set aside; the parts beside it are taken over', async () => {
    const store = await open()
    await store.deliver([batch(1, [{ message: 'sealed', time: NOON - DAY }, { message: 'open' }])])
    await dayEnds(store)
    await store.close()
    writeFileSync(join(path, 'events.duckdb'), 'this is no database')
    const reopened = await open()
    expect(await messages(reopened)).toEqual(['sealed'])
    expect(happenings.filter(({ kind }) => kind === 'damaged')).toMatchObject([{ path: join(path, 'events.duckdb') }])
    expect(readdirSync(path).some((name) => name.startsWith('events.duckdb.damaged-'))).toBe(true)
    expect(await reopened.deliver([batch(2, [{ message: 'next' }])])).toEqual([done(1)])
  })

  test('damage anywhere in the database file shows at the start, and is set aside', async () => {
    const store = await open()
    const docs = Array.from({ length: 300 }, (_, n) => ({ message: `message ${n} ${'text '.repeat(n % 50)}` }))
    await store.deliver([batch(1, docs)])
    await store.close()
    const file = join(path, 'events.duckdb')
    const whole = readFileSync(file)
    for (const at of [0.1, 0.3, 0.5, 0.7, 0.9].map((share) => Math.floor(whole.length * share))) {
      const damaged = Buffer.from(whole)
      damaged[at] = (damaged[at] ?? 0) ^ 0x55
      writeFileSync(file, damaged)
      happenings = []
      const reopened = await open()
      const found = await messages(reopened, { limit: 1000 })
      expect([0, 300]).toContain(found.length)
      if (found.length === 0) expect(happenings).toMatchObject([{ kind: 'damaged', path: file }])
      expect(await reopened.deliver([batch(2, [{ message: 'next' }])])).toEqual([done(1)])
      await reopened.close()
    }
  })

  test('a part cut short, gone, or unreadable inside is reported and does not stop anything', async () => {
    const store = await open()
    await store.deliver([
      batch(
        1,
        [3, 2, 1].map((ago) => ({ message: `${ago}`, time: NOON - ago * DAY })),
      ),
    ])
    await dayEnds(store)
    const [third, second, first] = [20, 21, 22].map((day) => join(path, `day=2026-11-${day}/part-1.parquet`))
    await store.close()
    truncateSync(third ?? '', 100)
    rmSync(second ?? '')
    const reopened = await open()
    expect(await messages(reopened)).toEqual(['1'])
    expect(happenings.filter(({ kind }) => kind !== 'sealed')).toMatchObject([
      { kind: 'damaged', path: third, events: 1 },
      { kind: 'missing', path: second, events: 1 },
    ])
    writeFileSync(first ?? '', Buffer.alloc(2000, 'x'))
    expect(await messages(reopened)).toEqual([])
    expect(happenings.at(-1)).toMatchObject({ kind: 'damaged', path: first, events: 1 })
    expect(existsSync(first ?? '')).toBe(false)
  })

  test('a file that another has open is not damaged', async () => {
    await open()
    await expect(Store.open({ path: join(path, 'nothing'), readOnly: true })).rejects.toThrow('no store at')
    expect(existsSync(join(path, 'nothing'))).toBe(false)
  })

  test('files of others in the store directory are neither read nor removed', async () => {
    const store = await open()
    await store.deliver([batch(1, [{ message: 'a', time: NOON - DAY }])])
    await dayEnds(store)
    writeFileSync(join(path, 'day=2026-11-22/part-7.parquet'), 'mine')
    await store.close()
    const reopened = await open()
    expect(await messages(reopened)).toEqual(['a'])
    expect(existsSync(join(path, 'day=2026-11-22/part-7.parquet'))).toBe(true)
  })
})
