import { afterEach, beforeEach, expect, test } from 'vitest'
import { ListReader, positionOf } from '../src/buffer/list/reader.ts'
import { ListWriter } from '../src/buffer/list/writer.ts'
import { RedisLink } from '../src/buffer/redis/link.ts'
import { makeBatch } from '../src/buffer/sample-batches.ts'
import { type RedisServer, startRedis } from './support/redis.ts'

let stack: AsyncDisposableStack
let server: RedisServer
beforeEach(async () => {
  stack = new AsyncDisposableStack()
  server = stack.use(await startRedis())
})
afterEach(() => stack.disposeAsync())

async function link() {
  const made = new RedisLink({ url: server.url, size: 0 })
  stack.defer(() => made.close())
  await made.settled(5000)
  return made
}

const push = (...numbers: number[]) => server.command('rpush', 'logstash', ...numbers.map((n) => `{"message":"${n}"}`))
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i)

/** Message by event number, from what a reader is given until `n` came. */
async function read(reader: ListReader, n: number) {
  const stop = new AbortController()
  const events: [id: string, message: string][] = []
  for await (const { stream, first, elements } of reader.read(stop.signal)) {
    for (const [at, element] of elements.entries()) {
      events.push([`${stream}-${first + at}`, JSON.parse(element.toString()).message])
    }
    if (events.length >= n) break
  }
  return events
}

const streamOf = ([[id]]: [id: string, message: string][]) => id.slice(0, 16)
const messages = (events: [id: string, message: string][]) => events.map(([, message]) => message)

test('what was in hand at a crash comes again, first, with the same ids', async () => {
  await push(...range(1, 50))
  const one = new ListReader(await link(), 'logstash', 'me')
  const before = await read(one, 50)
  expect(before.map(([, message]) => message)).toEqual(range(1, 50).map(String))
  await one.done(streamOf(before), 20)
  await push(...range(51, 60))
  const after = await read(new ListReader(await link(), 'logstash', 'me'), 40)
  expect(after.slice(0, 30)).toEqual(before.slice(20))
  expect(after.map(([, message]) => message)).toEqual(range(21, 60).map(String))
})

test('goes on while what was read before is not yet done, up to a bound', async () => {
  await push(...range(1, 3000))
  const reader = new ListReader(await link(), 'logstash', 'me')
  const first = await read(reader, 2000)
  expect(first).toHaveLength(2000)
  await reader.done(streamOf(first), 1500)
  const second = await read(reader, 1000)
  expect(second.map(([, message]) => message)).toEqual(range(2001, 3000).map(String))
  await reader.done(streamOf(first), 3000)
  await reader.done(streamOf(first), 3000)
  expect(await server.command('keys', 'logstash*')).toEqual(['logstash:sluice:me'])
})

test('what a process made safe without saying so is not given to the next one', async () => {
  await push(...range(1, 10))
  const one = new ListReader(await link(), 'logstash', 'me')
  const before = await read(one, 10)
  const resume = positionOf({ stream: streamOf(before), last: 6 }, Buffer.from('{"message":"6"}'))
  const after = await read(new ListReader(await link(), 'logstash', 'me', resume), 4)
  expect(after).toEqual(before.slice(6))
  expect(await server.command('llen', 'logstash:sluice:me:hand')).toBe(4)
})

test('a server that comes back older than it was: nothing is skipped, no id is given twice', async () => {
  await push(...range(1, 10))
  const one = new ListReader(await link(), 'logstash', 'me')
  const before = await read(one, 10)
  await one.done(streamOf(before), 10)
  const resume = positionOf({ stream: streamOf(before), last: 10 }, Buffer.from('{"message":"10"}'))
  // As its append-only file may have it after a power cut: the last second is gone.
  await server.command('hset', 'logstash:sluice:me', 'done', 7)
  await push(...range(11, 20))
  for (const reader of [one, new ListReader(await link(), 'logstash', 'me', resume)]) {
    const after = await read(reader, 10)
    expect(messages(after)).toEqual(range(11, 20).map(String))
    expect(streamOf(after)).not.toBe(streamOf(before))
  }
})

test('a server that lost everything begins another stream', async () => {
  await push(...range(1, 10))
  const reader = new ListReader(await link(), 'logstash', 'me')
  const before = await read(reader, 10)
  await server.command('flushall')
  await push(...range(11, 15))
  const after = await read(reader, 5)
  expect(messages(after)).toEqual(range(11, 15).map(String))
  expect(streamOf(after)).not.toBe(streamOf(before))
  // Said for the stream before, it does not concern this one.
  await reader.done(streamOf(before), 10)
  expect(await server.command('llen', 'logstash:sluice:me:hand')).toBe(5)
})

test('elements of 2 MB are in hand a few at a time', async () => {
  const big = `{"message":"${'x'.repeat(2 << 20)}"}`
  for (let i = 0; i < 20; i++) await server.command('rpush', 'logstash', big)
  const reader = new ListReader(await link(), 'logstash', 'me')
  const first = await read(reader, 1)
  expect(first.length).toBeGreaterThan(4)
  expect(first.length).toBeLessThan(10)
  await reader.done(streamOf(first), first.length)
  const rest = await read(reader, 1)
  expect(rest[0]?.[0]).toBe(`${streamOf(first)}-${first.length + 1}`)
  expect(rest[0]?.[1]).toHaveLength(2 << 20)
})

test('events are written for Logstash once, however often a batch is delivered', async () => {
  const writer = new ListWriter({ url: server.url, key: 'logstash' })
  stack.defer(() => writer.close())
  const batches = [makeBatch(1, { count: 1200 }), makeBatch(2)]
  expect(await writer.deliver(batches)).toMatchObject([{ done: 1200 }, { done: 3 }])
  expect(await writer.deliver(batches)).toMatchObject([{ duplicate: 1200 }, { duplicate: 3 }])
  const list = await server.command('lrange', 'logstash', 0, -1)
  expect(list).toHaveLength(1203)
  const reader = new ListReader(await link(), 'logstash', 'me')
  const part = await reader.read(new AbortController().signal).next()
  expect(JSON.parse(String(part.value?.elements[0]))).toMatchObject({ n: `${'a'.repeat(16)}-1` })
})
