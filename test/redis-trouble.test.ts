import { once } from 'node:events'
import { appendFile, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { DiskBuffer } from '../src/buffer/disk/disk.ts'
import { FailoverBuffer } from '../src/buffer/failover/failover.ts'
import { RedisBuffer } from '../src/buffer/redis/redis.ts'
import { allDone, makeBatch, take } from '../src/buffer/sample-batches.ts'
import { hit } from '../src/deliver/store/question.ts'
import { Marks } from '../src/ledger/marks.ts'
import { freePort } from './support/programs.ts'
import { type RedisServer, startRedis } from './support/redis.ts'
import { startSluice, storedEvents, until, workspace } from './support/sluice.ts'

let stack: AsyncDisposableStack
beforeEach(() => {
  stack = new AsyncDisposableStack()
})
afterEach(() => stack.disposeAsync())

async function redis(...options: string[]): Promise<RedisServer> {
  return stack.use(await startRedis(options))
}

/** A failover over these addresses, and a disk behind it. */
async function failover(...urls: string[]) {
  const dir = await mkdtemp(join(tmpdir(), 'sluice-trouble-'))
  stack.defer(() => rm(dir, { recursive: true }))
  const marks = await Marks.open(join(dir, 'ledger'))
  stack.defer(() => marks.close())
  const handed = await Marks.open(join(dir, 'handed'))
  stack.defer(() => handed.close())
  const common = { size: 1e9, age: 1e9, leaseMs: 60_000 }
  const members = urls.map((url) => new RedisBuffer({ ...common, url, consumer: 'one', marks }))
  const spool = await DiskBuffer.open({ ...common, path: join(dir, 'spool'), sync: '1s', marks: handed })
  const buffer = new FailoverBuffer({ members, spool, handed, marks })
  stack.defer(() => buffer.close())
  await Promise.all(members.slice(-1).map(({ link }) => link.settled(5000)))
  const [first, second] = members
  if (!first || !second) throw new Error('two addresses')
  return { buffer, first, second }
}

const waiting = (server: RedisServer) => server.command('xlen', 'sluice:{store}:batches')

describe('an answer that means "not now" sends the batch to the next Redis, and the first is used again when it is over', () => {
  test('READONLY: it was made a replica', async () => {
    const [a, b, master] = [await redis(), await redis(), await redis()]
    const { buffer, first } = await failover(a.url, b.url)
    await first.link.settled(5000)
    await buffer.append(makeBatch(1))
    await a.command('replicaof', '127.0.0.1', master.port)
    await buffer.append(makeBatch(2))
    expect(await waiting(b)).toBe(1)
    expect(first.link.trouble).toMatch(/is a replica/)
    await a.command('replicaof', 'no', 'one')
    await until('it is well again', () => first.link.well)
    await until('it takes batches again', async () => {
      await buffer.append(makeBatch(Math.floor(performance.now())))
      return Number(await waiting(a)) > 0
    })
  })

  test('MISCONF: it can not save its data', async () => {
    const a = await redis('--save', '1', '1', '--dbfilename', 'blocked.rdb', '--stop-writes-on-bgsave-error', 'yes')
    const b = await redis()
    const { buffer, first } = await failover(a.url, b.url)
    await first.link.settled(5000)
    const [, place] = listOf(await a.command('config', 'get', 'dir'))
    // A directory stands where the file shall be.
    await mkdir(join(place, 'blocked.rdb'))
    await a.command('bgsave')
    await until('the save has failed', async () => /rdb_last_bgsave_status:err/.test(String(await a.command('info'))))
    await buffer.append(makeBatch(1))
    expect(first.link.trouble).toMatch(/can not write its data to disk/)
    expect(await waiting(b)).toBe(1)
    await rm(join(place, 'blocked.rdb'), { recursive: true })
    await a.command('bgsave')
    await until('it is well again', () => first.link.well)
  })

  test('LOADING: it reads its data anew', async () => {
    const a = await redis('--enable-debug-command', 'yes', '--loading-process-events-interval-bytes', '1024')
    const b = await redis()
    const { buffer, first } = await failover(a.url, b.url)
    await first.link.settled(5000)
    for (let key = 0; key < 300; key++) await a.command('set', `key${key}`, 'x'.repeat(2000))
    await a.command('config', 'set', 'key-load-delay', 20_000)
    const reload = a.command('debug', 'reload').catch(() => {})
    await until('batches go to the second', async () => {
      await buffer.append(makeBatch(Math.floor(performance.now())))
      return Number(await waiting(b)) > 0
    })
    expect(first.link.well).toBe(false)
    await until('it says why', () => /is loading its data/.test(first.link.trouble ?? ''))
    await a.command('config', 'set', 'key-load-delay', 0)
    await reload
    await until('it is well again', () => first.link.well)
  })

  test('a version before 7 is refused with its number (a stand-in that answers INFO)', async () => {
    const b = await redis()
    const port = await freePort()
    const info = 'redis_version:6.2.14\r\nrole:master\r\nloading:0\r\n'
    const server = createServer((socket) => {
      socket.on('error', () => {})
      socket.on('data', (bytes) => {
        for (const [, word = ''] of bytes.toString().matchAll(/\*\d+\r\n\$\d+\r\n(\w+)/g)) {
          socket.write(word.toLowerCase() === 'info' ? `$${info.length}\r\n${info}\r\n` : '+PONG\r\n')
        }
      })
    })
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    stack.defer(() => void server.close())
    const { buffer, first } = await failover(`redis://127.0.0.1:${port}`, b.url)
    await until('it says why', () => /is version 6\.2\.14; 7 or newer is needed/.test(first.link.trouble ?? ''))
    await buffer.append(makeBatch(1))
    expect(await waiting(b)).toBe(1)
    await buffer.close()
  })
})

test('a third Redis takes what the first two can not, all three are drained, and the first is gone back to', async () => {
  const [a, b, c] = [await redis(), await redis(), await redis()]
  const { buffer, first, second } = await failover(a.url, b.url, c.url)
  await Promise.all([first, second].map(({ link }) => link.settled(5000)))
  await buffer.append(makeBatch(1))
  await a.kill()
  await until('the first is known to be away', () => !first.link.well)
  await buffer.append(makeBatch(2))
  await b.kill()
  await until('the second is known to be away', () => !second.link.well)
  await buffer.append(makeBatch(3))
  expect(await waiting(c)).toBe(1)
  await Promise.all([a.start(), b.start()])
  let number = 3
  await until('the first takes batches again', async () => {
    await buffer.append(makeBatch(++number))
    return Number(await waiting(a)) > 1
  })
  const leases = await take(buffer, number)
  expect(leases.map(({ batch }) => batch.number).sort((a, b) => a - b)).toEqual(
    Array.from({ length: number }, (_, index) => index + 1),
  )
  for (const lease of leases) expect(await lease.settle(allDone(lease))).toBe('settled')
  expect(await Promise.all([a, b, c].map(waiting))).toEqual([0, 0, 0])
})

test('a shipper that stops gives back what it had taken, to others at once', async () => {
  const server = await redis()
  const dir = await mkdtemp(join(tmpdir(), 'sluice-trouble-'))
  stack.defer(() => rm(dir, { recursive: true }))
  const marks = await Marks.open(join(dir, 'ledger'))
  stack.defer(() => marks.close())
  const common = { url: server.url, size: 1e9, age: 1e9, marks, leaseMs: 3_600_000 }
  const one = new RedisBuffer({ ...common, consumer: 'one' })
  await one.link.settled(5000)
  for (let number = 1; number <= 20; number++) await one.append(makeBatch(number))
  const [held] = await take(one, 1)
  await held?.release()
  const pending = async () => Number(listOf(await server.command('xpending', 'sluice:{store}:batches', 'sluice'))[0])
  await until('it has read ahead', async () => (await pending()) > 1)
  await one.close()
  const two = new RedisBuffer({ ...common, consumer: 'two' })
  stack.defer(() => two.close())
  await two.link.settled(5000)
  const leases = await take(two, 20)
  expect(leases.map(({ batch }) => batch.number).sort((a, b) => a - b)).toEqual(
    Array.from({ length: 20 }, (_, i) => i + 1),
  )
  for (const lease of leases) expect(await lease.settle(allDone(lease))).toBe('settled')
})

test('which Redis is away stands in status, metrics and health; a shipper without any is not ready', async () => {
  await using dir = await workspace()
  const [a, b] = [await redis(), await redis()]
  const port = await freePort()
  await using shipper = await startSluice(
    dir.path,
    `buffer: { redis: ["${a.url}", "${b.url}"] }\ndeliver: [{ store: {} }]\narchive: false\nmetrics: 127.0.0.1:${port}\n`,
  )
  const health = async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/health/ready`)
    return { status: answer.status, body: await answer.text() }
  }
  const metrics = async () => (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  expect(await health()).toMatchObject({ status: 200, body: expect.stringContaining('"warnings":[]') })
  await a.kill()
  await until('one is away', async () => /"warnings":\["[^"]*127\.0\.0\.1/.test((await health()).body))
  expect((await health()).status).toBe(200)
  expect(await metrics()).toContain(`sluice_redis_up{redis="${a.url}"} 0`)
  expect(await metrics()).toContain(`sluice_redis_up{redis="${b.url}"} 1`)
  expect((await shipper.status()).redis.map(({ trouble }) => trouble === null)).toEqual([false, true])
  await b.kill()
  await until('it is not ready', async () => (await health()).status === 503)
  await b.start()
  await until('it is ready again', async () => (await health()).status === 200)
})

test('files that are followed: kill -9 of the receiver between reading and Redis, and each line arrives once', async () => {
  await using dir = await workspace()
  const server = await redis()
  const path = join(dir.path, 'app.log')
  const places = { receiver: join(dir.path, 'receiver'), shipper: join(dir.path, 'shipper') }
  for (const place of Object.values(places)) await mkdir(place)
  let next = 0
  const write = (count: number) => {
    const lines = Array.from({ length: count }, () => `Nov 23 03:14:21 web1 app[1]: number ${next++}\n`)
    return appendFile(path, lines.join(''))
  }
  const config = (rest: string) =>
    `${rest}\nbuffer: { redis: ["${server.url}"], ship: ${!rest.includes('tail')} }\ndeliver: [{ store: {} }]\narchive: false\nmetrics: false\n`
  await write(5000)
  for (let kills = 0; kills < 4; kills++) {
    await using receiver = await startSluice(places.receiver, config(`receive: [{ tail: "${path}" }]`))
    const handedOn = async () => (await receiver.status()).outputs[0]?.handedOn ?? 0
    const before = await handedOn()
    await write(20_000)
    await until('some is handed on', async () => (await handedOn()) > before)
    await receiver.kill()
  }
  await using receiver = await startSluice(places.receiver, config(`receive: [{ tail: "${path}" }]`))
  await using shipper = await startSluice(places.shipper, config('receive: []'))
  await until('all is in the store', async () => (await storedEvents(shipper)) >= next, 60_000)
  const rows = await shipper.query({ kind: 'events', limit: 1_000_000 })
  const numbers = rows.map((row) => Number(/number (\d+)$/.exec(hit.parse(row).message ?? '')?.[1]))
  expect(numbers.sort((a, b) => a - b)).toEqual(Array.from({ length: next }, (_, i) => i))
  expect((await receiver.status()).closes).toBe(true)
})

/** The list that an answer is. */
function listOf(answer: unknown): string[] {
  return Array.isArray(answer) ? answer.map(String) : []
}
