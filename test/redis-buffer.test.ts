import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { type Batch, BufferDown, BufferFull, type Lease } from '../src/buffer/buffer.ts'
import { encodeBlob, keyLine } from '../src/buffer/redis/entry.ts'
import { RedisBuffer } from '../src/buffer/redis/redis.ts'
import { allDone, lastAgain, makeBatch, restOf, take, takeOne } from '../src/buffer/sample-batches.ts'
import type { Happening } from '../src/ledger/happening.ts'
import { Marks } from '../src/ledger/marks.ts'
import { freePort, runProgram, startProgram } from './support/programs.ts'
import { startRedis } from './support/redis.ts'
import { until } from './support/sluice.ts'

const clean: (() => PromiseLike<unknown>)[] = []
afterEach(async () => {
  for (const step of clean.splice(0).reverse()) await step()
})

async function redis(...options: string[]) {
  const server = await startRedis(options)
  clean.push(() => server[Symbol.asyncDispose]())
  return server
}

interface Shipper {
  buffer: RedisBuffer
  marks: Marks
  happenings: Happening[]
}

async function shipper(url: string, { consumer = 'one', size = 1e9, age = 1e9, leaseMs = 60_000, wait = 5000 } = {}) {
  const dir = await mkdtemp(join(tmpdir(), 'sluice-shipper-'))
  const marks = await Marks.open(dir)
  const happenings: Happening[] = []
  const onHappening = (happening: Happening) => happenings.push(happening)
  const buffer = new RedisBuffer({ url, size, age, consumer, marks, leaseMs, onHappening })
  clean.push(async () => {
    await buffer.close()
    await marks.close()
    await rm(dir, { recursive: true })
  })
  await buffer.link.settled(wait)
  return { buffer, marks, happenings } satisfies Shipper
}

const settleAll = (leases: Lease[]) => Promise.all(leases.map((lease) => lease.settle(allDone(lease))))
const numbers = (leases: Lease[]) => leases.map(({ batch }) => batch.number)
const done = ({ marks }: Shipper) => marks.totals()[0]?.done ?? 0

/** Bytes that don't compress. */
function heavy(number: number, bytes: number): Batch {
  const noise = Buffer.allocUnsafe(bytes)
  crypto.getRandomValues(noise.subarray(0, Math.min(bytes, 65536)))
  return { ...makeBatch(number), body: noise }
}

test('who comes for batches just when the last one has gone gets all of them', async () => {
  const server = await redis()
  const one = await shipper(server.url)
  for (let number = 0; number < 1200; number += 6) {
    await Promise.all([1, 2, 3, 4, 5, 6].map((more) => one.buffer.append(makeBatch(number + more))))
    let left = 6
    for await (const lease of one.buffer.leases('store', new AbortController().signal)) {
      await lease.settle(allDone(lease))
      if (--left === 0) break
    }
  }
  expect(await one.buffer.depth()).toEqual({ batches: 0, events: 0, bytes: 0 })
})

test('a full Redis takes no batch, and still drains', async () => {
  const server = await redis('--maxmemory', '6mb')
  const one = await shipper(server.url)
  let taken = 0
  const fill = async () => {
    for (; taken < 500; taken++) await one.buffer.append(heavy(taken + 1, 60_000))
  }
  await expect(fill()).rejects.toBeInstanceOf(BufferFull)
  expect(taken).toBeGreaterThan(10)
  // Not a byte is left over, as after other programs took the rest of the memory.
  await server.command('config', 'set', 'maxmemory', '1mb')
  const leases = await take(one.buffer, taken)
  // With rests, which are written before anything is freed.
  for (const lease of leases) await lease.settle(lastAgain(lease), restOf(lease.batch))
  const rests = await take(one.buffer, taken)
  await settleAll(rests)
  expect(await one.buffer.depth()).toEqual({ batches: 0, events: 0, bytes: 0 })
  expect(done(one)).toBe(3 * taken)
  await server.command('config', 'set', 'maxmemory', '6mb')
  await one.buffer.append(heavy(taken + 1, 60_000))
})

test('is full above the high-water mark until it is below the low one', async () => {
  const server = await redis()
  const one = await shipper(server.url, { size: 100_000 })
  let taken = 0
  const fill = async () => {
    for (; ; taken++) await one.buffer.append(heavy(taken + 1, 5_000))
  }
  await expect(fill()).rejects.toBeInstanceOf(BufferFull)
  const [first, ...others] = await take(one.buffer, taken)
  if (first) await settleAll([first])
  await expect(one.buffer.append(heavy(taken + 1, 5_000))).rejects.toBeInstanceOf(BufferFull)
  await settleAll(others.slice(0, 2))
  await one.buffer.append(heavy(taken + 1, 5_000))
})

test('is full while its oldest batch waits too long', async () => {
  const server = await redis()
  const one = await shipper(server.url, { age: 60_000 })
  const old = makeBatch(1)
  await one.buffer.append({ ...old, received: { from: Date.now() - 61_000, to: Date.now() } })
  await expect
    .poll(() => one.buffer.append(makeBatch(2)).catch((error) => error), { timeout: 5000 })
    .toBeInstanceOf(BufferFull)
  await settleAll(await take(one.buffer, (await one.buffer.depth()).batches))
  await expect
    .poll(
      () =>
        one.buffer.append(makeBatch(999)).then(
          () => true,
          () => false,
        ),
      { timeout: 5000 },
    )
    .toBe(true)
})

test('what a shipper that is gone had taken comes to others when its lease has run out, not before', async () => {
  const server = await redis()
  const one = await shipper(server.url, { leaseMs: 1000 })
  const two = await shipper(server.url, { consumer: 'two', leaseMs: 1000 })
  for (let number = 1; number <= 6; number++) await one.buffer.append(makeBatch(number))
  const [first, second, third] = await take(one.buffer, 3)
  if (!first || !second || !third) throw new Error('no leases')
  await second.settle(lastAgain(second), restOf(second.batch))
  const started = Date.now()
  // As if it had been killed: who ends in peace gives back what it has.
  one.buffer.link.close()
  const leases = await take(two.buffer, 6)
  expect(Date.now() - started).toBeGreaterThan(900)
  expect(leases.map(({ batch }) => [batch.number, batch.part])).toEqual([
    [1, 0],
    [2, 1],
    ...[3, 4, 5, 6].map((number) => [number, 0]),
  ])
  await settleAll(leases)
  expect(done(one) + done(two)).toBe(18)
})

test('a lease that is renewed stays with its holder', async () => {
  const server = await redis()
  const one = await shipper(server.url, { leaseMs: 400 })
  const two = await shipper(server.url, { consumer: 'two', leaseMs: 400 })
  await one.buffer.append(makeBatch(1))
  const lease = await takeOne(one.buffer)
  const renewal = setInterval(() => void lease.renew(), 50)
  const other = takeOne(two.buffer)
  const late = await Promise.race([other, new Promise((resolve) => setTimeout(resolve, 1500, 'nothing'))])
  clearInterval(renewal)
  expect(late).toBe('nothing')
  expect(await lease.settle(allDone(lease))).toBe('settled')
  await one.buffer.append(makeBatch(2))
  expect((await other).batch.number).toBe(2)
})

test('a holder whose batch went to another is told "gone", and the events count once', async () => {
  const server = await redis()
  const one = await shipper(server.url, { leaseMs: 300_000 })
  const two = await shipper(server.url, { consumer: 'two', leaseMs: 200 })
  await one.buffer.append(makeBatch(1))
  const lost = await takeOne(one.buffer)
  const found = await takeOne(two.buffer)
  expect(await lost.settle(allDone(lost))).toBe('gone')
  expect(await found.settle(allDone(found))).toBe('settled')
  expect([done(one), done(two)]).toEqual([0, 3])
})

test('batches that are settled together reach the server together', async () => {
  const server = await redis()
  const { buffer } = await shipper(server.url)
  const reads = async () =>
    Number(/total_reads_processed:(\d+)/.exec(String(await server.command('info', 'stats')))?.[1])
  for (let number = 1; number <= 40; number++) await buffer.append(makeBatch(number))
  const leases = await take(buffer, 40)
  const before = await reads()
  await settleAll(leases)
  // Among them the heartbeat's, and those of the wait for more.
  expect((await reads()) - before).toBeLessThan(15)
})

test('several shippers share a backlog', async () => {
  const server = await redis()
  const all = await Promise.all(['one', 'two', 'three'].map((consumer) => shipper(server.url, { consumer })))
  const [first] = all
  for (let number = 1; number <= 300; number++) await first?.buffer.append(makeBatch(number))
  const stop = new AbortController()
  let left = 300
  await Promise.all(
    all.map(async ({ buffer }) => {
      for await (const lease of buffer.leases('store', stop.signal)) {
        await new Promise((resolve) => setTimeout(resolve, 2))
        await lease.settle(allDone(lease))
        if (--left === 0) stop.abort()
      }
    }),
  )
  for (const one of all) expect(done(one)).toBeGreaterThan(150)
  expect(all.reduce((sum, one) => sum + done(one), 0)).toBe(900)
})

test('goes on after FLUSHALL, and what was in hand is still counted', async () => {
  const server = await redis()
  const one = await shipper(server.url)
  for (const number of [1, 2]) await one.buffer.append(makeBatch(number))
  const [first, second] = await take(one.buffer, 2)
  if (!first || !second) throw new Error('no leases')
  const waiting = takeOne(one.buffer)
  await server.command('flushall')
  expect(await first.settle(allDone(first))).toBe('settled')
  expect(await second.settle(lastAgain(second), restOf(second.batch))).toBe('settled')
  const rest = await waiting
  expect(rest.batch).toMatchObject({ number: 2, part: 1 })
  await rest.settle(allDone(rest))
  await one.buffer.append(makeBatch(3))
  await settleAll(await take(one.buffer, 1))
  expect(done(one)).toBe(9)
  expect(await one.buffer.depth()).toEqual({ batches: 0, events: 0, bytes: 0 })
})

test('a mark whose answer was lost is taken over into the ledger', async () => {
  const server = await redis()
  const one = await shipper(server.url)
  await one.buffer.append(makeBatch(1))
  const lease = await takeOne(one.buffer)
  // Sent, and run when the server goes on; the answer comes too late.
  server.signal('SIGSTOP')
  await expect(lease.settle(allDone(lease))).rejects.toBeInstanceOf(BufferDown)
  server.signal('SIGCONT')
  await until('the mark is counted', () => done(one) === 3)
  const again = () => lease.settle(allDone(lease)).catch((): false => false)
  expect(await until('it is told what became of it', again)).toBe('gone')
  await until('Redis forgets the mark', async () => (await server.command('exists', 'sluice:{store}:marks:one')) === 0)
})

test('a damaged batch is set aside, counted by its key line, and the others go on', async () => {
  const server = await redis()
  const one = await shipper(server.url)
  await one.buffer.append(makeBatch(1))
  const key = 'sluice:{store}:batches'
  const line = `${'a'.repeat(16)} 2 0 3 300 ${Date.now()} ${Date.now()}`
  await server.command('xadd', key, '*', 'k', line, 'b', 'no blob')
  await server.command('xadd', key, '*', 'something', 'else')
  await one.buffer.append(makeBatch(3))
  const leases = await take(one.buffer, 2)
  expect(numbers(leases)).toEqual([1, 3])
  await settleAll(leases)
  expect(one.marks.totals()[0]).toMatchObject({ done: 6, lost: { damaged: 3 } })
  expect(await server.command('xlen', key)).toBe(0)
  expect(await server.command('xlen', 'sluice:{store}:damaged')).toBe(2)
  expect(one.happenings.filter(({ kind }) => kind === 'damaged')).toHaveLength(2)
})

test('what a newer version wrote waits for a shipper of that version, and the others go on', async () => {
  const server = await redis()
  const one = await shipper(server.url, { leaseMs: 300 })
  const blob = encodeBlob(makeBatch(2))
  blob[3] = 99
  const [k, b] = [keyLine(makeBatch(2)), blob]
  for (const number of [1, 2, 3]) {
    if (number === 2) await one.buffer.link.run((client) => client.xadd('sluice:{store}:batches', '*', 'k', k, 'b', b))
    else await one.buffer.append(makeBatch(number))
  }
  const leases = await take(one.buffer, 2)
  expect(numbers(leases)).toEqual([1, 3])
  await settleAll(leases)
  expect(one.happenings.filter(({ kind }) => kind === 'buffer_advice').map(({ text }) => text)).toContainEqual(
    expect.stringContaining('a newer sluice has written'),
  )
  expect(one.marks.totals()[0]?.lost).toEqual({})
  const another = await shipper(server.url, { consumer: 'two', leaseMs: 300 })
  const stop = new AbortController()
  const reading = take(another.buffer, 1, 'store', stop.signal)
  await until('the other one has found it', () => another.happenings.some(({ text }) => text.includes('newer sluice')))
  stop.abort()
  expect(await reading).toEqual([])
  expect(await server.command('xlen', 'sluice:{store}:batches')).toBe(1)
})

test('a stopped server that still accepts connections is noticed within two seconds', async () => {
  const server = await redis()
  const one = await shipper(server.url)
  server.signal('SIGSTOP')
  const started = Date.now()
  await expect(one.buffer.append(makeBatch(1))).rejects.toMatchObject({ name: 'BufferDown', unanswered: true })
  expect(Date.now() - started).toBeLessThan(2000)
  await expect(one.buffer.append(makeBatch(2))).rejects.toMatchObject({ unanswered: false })
  server.signal('SIGCONT')
  await until('it is well again', () => one.buffer.link.well)
  await one.buffer.append(makeBatch(2))
})

test('is down, not broken, while the server refuses to write', async () => {
  const server = await redis()
  const one = await shipper(server.url)
  await server.command('replicaof', '127.0.0.1', await freePort())
  await expect(one.buffer.append(makeBatch(1))).rejects.toBeInstanceOf(BufferDown)
  await server.command('replicaof', 'no', 'one')
  await until('it is well again', () => one.buffer.link.well)
  await one.buffer.append(makeBatch(1))
})

test('says on connect what puts batches at risk', async () => {
  const server = await redis('--maxmemory-policy', 'allkeys-lru', '--appendonly', 'no')
  const { happenings } = await shipper(server.url, { size: 2e9 })
  const texts = happenings.filter(({ kind }) => kind === 'buffer_advice').map(({ text }) => text)
  expect(texts.join('\n')).toMatch(/allkeys-lru.*append-only file.*102\d MiB of its maxmemory are left/s)
})

test('user, password, database and unix socket come with the URL, and no message holds the password', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'sluice-socket-'))
  clean.push(() => rm(dir, { recursive: true }))
  const socket = join(dir, 'redis.sock')
  const secret = 'p%40ss/word'
  await redis('--unixsocket', socket, '--user', 'shipper', 'on', '~sluice:*', '+@all', `>${decodeURIComponent(secret)}`)
  await writeFile(join(dir, 'password'), `${decodeURIComponent(secret)}\n`)
  const one = await shipper(`redis+unix://shipper:${secret}@${socket}?db=3`)
  await one.buffer.append(makeBatch(1))
  const two = await shipper(`redis+unix://shipper@${socket}?db=3&password_file=${dir}/password`, { consumer: 'two' })
  expect(numbers(await take(two.buffer, 1))).toEqual([1])
  const wrong = await shipper(`redis+unix://shipper:wrong-secret@${socket}`, { wait: 0 })
  await until('it is told', () => /refuses user or password/.test(wrong.buffer.link.trouble ?? ''))
  await expect(wrong.buffer.append(makeBatch(1))).rejects.toBeInstanceOf(BufferDown)
  const said = JSON.stringify([one, two, wrong].map(({ happenings, buffer }) => [happenings, buffer.link.name]))
  expect(said).not.toMatch(/wrong-secret|word/)
})

test('the access that the docs ask for is enough', async () => {
  const rules = ['~sluice:*', '+@all', '-@dangerous', '+info', '>secret']
  const server = await redis('--user', 'shipper', 'on', ...rules)
  const one = await shipper(server.url.replace('//', '//shipper:secret@'))
  for (const number of [1, 2]) await one.buffer.append(makeBatch(number))
  await settleAll(await take(one.buffer, 2))
  expect(await one.buffer.depth()).toEqual({ batches: 0, events: 0, bytes: 0 })
  expect(one.happenings.filter(({ kind }) => kind === 'buffer_down')).toEqual([])
})

test('a Sentinel tells where the master is', async () => {
  const server = await redis()
  const port = await freePort()
  const dir = await mkdtemp(join(tmpdir(), 'sluice-sentinel-'))
  const file = join(dir, 'sentinel.conf')
  await writeFile(file, `port ${port}\ndir ${dir}\nsentinel monitor main 127.0.0.1 ${server.port} 1\n`)
  const sentinel = startProgram('redis-server', [file, '--sentinel'])
  clean.push(async () => {
    await sentinel[Symbol.asyncDispose]()
    await rm(dir, { recursive: true })
  })
  const one = await shipper(`redis+sentinel://127.0.0.1:${port}/main`, { wait: 15_000 })
  await one.buffer.append(makeBatch(1))
  expect(await server.command('xlen', 'sluice:{store}:batches')).toBe(1)
})

test('with TLS a server is believed only if its certificate is', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'sluice-tls-'))
  clean.push(() => rm(dir, { recursive: true }))
  const [key, cert] = [join(dir, 'key.pem'), join(dir, 'cert.pem')]
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1']
  await runProgram('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...names, '-keyout', key, '-out', cert])
  const port = await freePort()
  const files = ['--tls-cert-file', cert, '--tls-key-file', key, '--tls-ca-cert-file', cert]
  await redis('--tls-port', `${port}`, '--tls-auth-clients', 'no', ...files)
  const one = await shipper(`rediss://127.0.0.1:${port}?ca=${cert}`)
  await one.buffer.append(makeBatch(1))
  const distrustful = await shipper(`rediss://127.0.0.1:${port}`, { wait: 0 })
  await until('it says why', () => /self-signed/.test(distrustful.buffer.link.trouble ?? ''))
})
