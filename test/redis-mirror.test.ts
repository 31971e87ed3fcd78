import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { DiskBuffer } from '../src/buffer/disk/disk.ts'
import { FailoverBuffer } from '../src/buffer/failover/failover.ts'
import { RedisBuffer } from '../src/buffer/redis/redis.ts'
import { allDone, lastAgain, makeBatch, restOf, take } from '../src/buffer/sample-batches.ts'
import type { Happening } from '../src/ledger/happening.ts'
import { Marks } from '../src/ledger/marks.ts'
import { type RedisServer, startRedis } from './support/redis.ts'
import { until } from './support/sluice.ts'

let stack = new AsyncDisposableStack()
afterEach(() => stack.disposeAsync())

async function setup({ leaseMs = 1000 } = {}) {
  stack = new AsyncDisposableStack()
  const a = stack.use(await startRedis())
  const b = stack.use(await startRedis())
  return { a, b, one: await mirror([a, b], 'one', leaseMs), two: await mirror([a, b], 'two', leaseMs) }
}

async function mirror(servers: RedisServer[], consumer: string, leaseMs: number) {
  const dir = await mkdtemp(join(tmpdir(), 'sluice-mirror-'))
  const marks = await Marks.open(join(dir, 'ledger'))
  const handed = await Marks.open(join(dir, 'handed'))
  const happenings: Happening[] = []
  const onHappening = (happening: Happening) => happenings.push(happening)
  const common = { size: 1e9, age: 1e9, leaseMs, consumer, marks, onHappening }
  const members = servers.map(({ url }) => new RedisBuffer({ url, ...common }))
  const spool = await DiskBuffer.open({ path: join(dir, 'spool'), size: 1e9, age: 1e9, sync: '1s', marks: handed })
  const buffer = new FailoverBuffer({ members, spool, handed, marks, mirror: common, onHappening })
  for (const { link } of members) await link.settled(5000)
  stack.defer(async () => {
    await buffer.close()
    await marks.close()
    await handed.close()
    await rm(dir, { recursive: true })
  })
  return { buffer, marks, happenings }
}

const copies = async (server: RedisServer) => Number(await server.command('zcard', 'sluice:{store}:copies:due'))

test('what is settled in the first has no copy in the second any more', async () => {
  const { b, one } = await setup()
  for (let number = 1; number <= 5; number++) await one.buffer.append(makeBatch(number))
  expect(await copies(b)).toBe(5)
  expect((await one.buffer.depth('store')).batches).toBe(5)
  for (const lease of await take(one.buffer, 5)) await lease.settle(allDone(lease))
  await until('no copies are left', async () => (await copies(b)) === 0)
  expect(await b.command('hvals', 'sluice:{store}:copies:counts')).toEqual(['0', '0', '0', '0'])
})

test('the first is gone for good, disk included: all comes from the copies, each event once', async () => {
  const { a, b, one, two } = await setup()
  for (let number = 1; number <= 20; number++) await one.buffer.append(makeBatch(number))
  const [first, second] = await take(one.buffer, 2)
  if (!first || !second) throw new Error('no leases')
  await first.settle(allDone(first))
  await second.settle(lastAgain(second), restOf(second.batch))
  await until('the settled one has no copy', async () => (await copies(b)) === 19)
  await a.kill()
  expect(await two.buffer.depth('store')).toMatchObject({ batches: 19, events: 55 })
  const leases = await take(two.buffer, 19)
  expect(leases.map(({ batch }) => [batch.number, batch.part])).toEqual([
    [2, 1],
    ...Array.from({ length: 18 }, (_, i) => [i + 3, 0]),
  ])
  for (const lease of leases) expect(await lease.settle(allDone(lease))).toBe('settled')
  expect(two.marks.totals()[0]?.done).toBe(55)
  expect(await two.buffer.depth('store')).toMatchObject({ batches: 0 })
  await a.start({ empty: true })
  await until('it is well', () => one.happenings.filter(({ kind }) => kind === 'buffer_up').length >= 3)
  await one.buffer.append(makeBatch(21))
  expect(one.happenings.filter(({ kind }) => kind === 'buffer_lost')).toEqual([])
})

test('the first comes back empty: what only it was to deliver is taken from the copies', async () => {
  const { a, b, one } = await setup()
  for (let number = 1; number <= 20; number++) await one.buffer.append(makeBatch(number))
  await a.kill()
  await a.start({ empty: true })
  const leases = await take(one.buffer, 20)
  expect(leases.map(({ batch }) => batch.number)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1))
  for (const lease of leases) await lease.settle(allDone(lease))
  expect(await copies(b)).toBe(0)
  expect(one.happenings.filter(({ kind }) => kind === 'buffer_lost')).toEqual([])
})

test('before a copy is taken over the first is asked: what waits there or is settled stays its own', async () => {
  const { b, one, two } = await setup({ leaseMs: 300 })
  for (let number = 1; number <= 4; number++) await one.buffer.append(makeBatch(number))
  // As if the news of the settling had been lost on the way.
  const leases = await take(one.buffer, 4)
  const renewal = setInterval(() => leases.slice(1).map((lease) => lease.renew()), 50)
  const [first] = leases
  await first?.settle(allDone(first))
  const stop = new AbortController()
  const taken = Array.fromAsync(two.buffer.leases('store', stop.signal))
  await until('the settled one has no copy', async () => (await copies(b)) === 3)
  await new Promise((resolve) => setTimeout(resolve, 1000))
  stop.abort()
  clearInterval(renewal)
  expect(await taken).toEqual([])
  for (const lease of leases.slice(1)) expect(await lease.settle(allDone(lease))).toBe('settled')
})

test('the first returns with what was taken over from copies: it counts once', async () => {
  const { a, one } = await setup({ leaseMs: 500 })
  for (let number = 1; number <= 10; number++) await one.buffer.append(makeBatch(number))
  await a.kill()
  for (const lease of await take(one.buffer, 10)) expect(await lease.settle(allDone(lease))).toBe('settled')
  await a.start()
  const stop = new AbortController()
  const again = (async () => {
    for await (const lease of one.buffer.leases('store', stop.signal)) {
      expect(await lease.settle(allDone(lease))).toBe('gone')
    }
  })()
  await until('the first is empty', async () => (await a.command('xlen', 'sluice:{store}:batches')) === 0)
  stop.abort()
  await again
  expect(one.marks.totals()[0]?.done).toBe(30)
})

test('with one Redis away a batch has one copy, and that is counted', async () => {
  const { b, one } = await setup()
  await one.buffer.append(makeBatch(1))
  await b.kill()
  await one.buffer.append(makeBatch(2))
  await one.buffer.append(makeBatch(3))
  expect(one.buffer.singleCopies).toBe(2)
  await b.start()
  await until('copies are made again', async () => {
    const before = one.buffer.singleCopies
    await one.buffer.append(makeBatch(10 + before))
    return one.buffer.singleCopies === before
  })
  expect(one.happenings.filter(({ kind }) => kind === 'single_copy')).toHaveLength(2)
})
