import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type RedisServer, startRedis } from './support/redis.ts'
import { type Running, startSluice, until, workspace } from './support/sluice.ts'

let stack: AsyncDisposableStack
let dir: string
let redis: RedisServer
beforeEach(async () => {
  stack = new AsyncDisposableStack()
  dir = stack.use(await workspace()).path
  redis = stack.use(await startRedis())
})
afterEach(() => stack.disposeAsync())

const start = async (config: string) => stack.use(await startSluice(dir, `metrics: false\n${config}`))

/** As they stand in such lists: Logstash's redis output, Filebeat's, and rsyslog's omhiredis with a JSON template. */
const FORMS: ((n: number) => unknown)[] = [
  (n) => ({
    message: `Dec  3 00:24:38 controller haproxy[1474]: request ${n}`,
    '@version': '1',
    '@timestamp': '2013-12-03T00:24:38.000Z',
    type: 'syslog',
    host: 'controller',
    n,
  }),
  (n) => ({
    '@timestamp': new Date().toISOString(),
    '@metadata': { beat: 'filebeat', type: '_doc', version: '8.12.0' },
    message: `line ${n}`,
    log: { offset: n, file: { path: '/var/log/syslog' } },
    input: { type: 'filestream' },
    ecs: { version: '8.0.0' },
    host: { name: 'web1' },
    agent: { type: 'filebeat', version: '8.12.0' },
    n,
  }),
  (n) => ({ '@timestamp': new Date().toISOString(), hostname: 'web2', programname: 'sshd', message: ` line ${n}`, n }),
]

const event = (n: number) => JSON.stringify(FORMS[n % FORMS.length]?.(n))
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i)

async function push(from: number, to: number) {
  for (let at = from; at <= to; at += 500) {
    await redis.command('rpush', 'logstash', ...range(at, Math.min(at + 499, to)).map(event))
  }
}

/** What the output wrote, as parsed documents. */
async function written(pattern: RegExp): Promise<{ _id: string; n: number; message: string }[]> {
  const files = (await readdir(dir)).filter((name) => pattern.test(name))
  const texts = await Promise.all(files.map((name) => readFile(join(dir, name), 'utf8')))
  return texts.flatMap((text) => text.split('\n').flatMap(parsed))
}

/** A kill may cut a line: its event is written again. */
function parsed(line: string) {
  try {
    return [JSON.parse(line)]
  } catch {
    return []
  }
}

const lengths = async () => {
  return [await redis.command('llen', 'logstash'), await redis.command('llen', 'logstash:sluice:me:hand')]
}

const delivered = async (sluice: Running) => (await sluice.status()).outputs[0]?.delivered ?? 0

const list = () => `receive: [{ redis-list: logstash, servers: ["${redis.url}"], reader: me }]`

test('a list is read to its end over kill -9, nothing lost, and the ledger closes', async () => {
  const config = `${list()}\ndeliver: [{ file: { path: ${dir}/out-%Y, id: true } }]`
  await push(1, 6000)
  for (const upTo of [1500, 4000]) {
    const sluice = await start(config)
    await until(`${upTo} events are delivered`, async () => (await delivered(sluice)) >= upTo)
    await sluice.kill()
  }
  await push(6001, 9000)
  const sluice = await start(config)
  await until('the list is empty', async () => `${await lengths()}` === '0,0')
  await until('all is delivered', async () => (await sluice.status()).outputs[0]?.buffered === 0)
  const report = await sluice.status()
  expect(report).toMatchObject({
    closes: true,
    inputs: { 'redis-list logstash': { received: 9000 } },
    outputs: [{ received: 9000, delivered: 9000, inHand: 0, dead: 0, lost: {} }],
  })
  // The file is written at least once; the ids tell which lines are the same event.
  const events = await written(/^out-/)
  const byId = new Map(events.map((event) => [event._id, event]))
  expect([...byId.values()].map(({ n }) => n).sort((a, b) => a - b)).toEqual(range(1, 9000))
  expect(new Set(report.hosts.map(({ host }) => host))).toEqual(new Set(['controller', 'web1', 'web2']))
  await sluice.stop()
})

test('with several outputs a kill loses nothing to any of them, and what comes twice has the same id', async () => {
  const file = (name: string) => `{ name: ${name}, file: { path: ${dir}/${name}, id: true } }`
  const config = `${list()}\ndeliver: [${file('one')}, ${file('two')}]`
  await push(1, 4000)
  for (const upTo of [500, 1500, 2500]) {
    const sluice = await start(config)
    await until(`${upTo} events are delivered`, async () => (await delivered(sluice)) >= upTo)
    await sluice.kill()
  }
  const sluice = await start(config)
  await until('the list is empty', async () => `${await lengths()}` === '0,0')
  const report = await until('all is delivered', async () => {
    const status = await sluice.status()
    return status.outputs.every(({ buffered, inHand }) => buffered === 0 && inHand === 0) && status
  })
  expect(report.closes).toBe(true)
  for (const [i, name] of ['one', 'two'].entries()) {
    const byId = new Map((await written(new RegExp(`^${name}$`))).map((event) => [event._id, event.n]))
    expect([...byId.values()].sort((a, b) => a - b)).toEqual(range(1, 4000))
    expect(report.outputs[i]).toMatchObject({ lost: {}, dead: 0 })
    expect(report.outputs[i]?.delivered).toBeGreaterThanOrEqual(4000)
  }
})

test('several outputs get every event of a list, also what is no JSON and what is very large', async () => {
  const sluice = await start(
    `${list()}\ndeliver: [{ name: a, file: { path: ${dir}/a } }, { name: b, file: { path: ${dir}/b } }]`,
  )
  const big = 'x'.repeat(2 << 20)
  await redis.command('rpush', 'logstash', JSON.stringify({ message: big, n: 1 }), 'no JSON\u001b[2J')
  await until('both have both', async () => {
    const { outputs } = await sluice.status()
    return outputs.every(({ delivered }) => delivered === 2)
  })
  for (const name of ['a', 'b']) {
    const [first, second] = await written(new RegExp(`^${name}$`))
    expect(first?.message).toHaveLength(2 << 20)
    expect(second).toMatchObject({ message: 'no JSON\u001b[2J', tags: ['_jsonparsefailure'] })
  }
  await until('Redis knows', async () => `${await lengths()}` === '0,0')
  expect(await sluice.stop()).toBe(0)
})

test('a list is waited for while its Redis is away, and its events wait there while the buffer is full', async () => {
  const sluice = await start(
    `${list()}\nbuffer: { disk: { size: 8mb } }\ndeliver: [{ file: { path: ${dir}/sluice.yaml/no-directory } }]`,
  )
  const text = 'x'.repeat(10_000)
  for (const n of range(1, 2000)) await redis.command('rpush', 'logstash', JSON.stringify({ n, text }))
  const buffered = await until('the buffer is full', async () => {
    const { bufferedBytes, buffered } = (await sluice.status()).outputs[0] ?? { bufferedBytes: 0, buffered: 0 }
    return bufferedBytes > 6_000_000 && buffered
  })
  await redis.kill()
  await redis.start()
  expect((await sluice.status()).closes).toBe(true)
  // What found no room is neither counted nor lost.
  expect(await sluice.stop()).toBe(0)
  const again = await start(`${list()}\nbuffer: { disk: { size: 1gb } }\ndeliver: [{ file: { path: ${dir}/out } }]`)
  await until('all is delivered', async () => (await delivered(again)) === 2000)
  expect(buffered).toBeLessThan(2000)
  expect((await written(/^out$/)).map(({ n }) => n).sort((a, b) => a - b)).toEqual(range(1, 2000))
  expect((await again.status()).outputs[0]).toMatchObject({ received: 2000, lost: {}, closes: true })
})

test('what one sluice writes as a list for Logstash, another one reads', async () => {
  await push(1, 1000)
  const out = `deliver: [{ redis-list: { server: "${redis.url}", key: relayed } }]`
  const sluice = await start(`${list()}\n${out}`)
  await until('all is relayed', async () => (await redis.command('llen', 'relayed')) === 1000)
  const elements = await redis.command('lrange', 'relayed', 0, -1)
  expect(elements).toEqual(range(1, 1000).map((n) => expect.stringContaining(`"n":${n}}`)))
  await redis.kill()
  await redis.start()
  await push(1001, 1100)
  await until('the rest is relayed', async () => (await redis.command('llen', 'relayed')) === 1100)
  await until('and settled', async () => (await delivered(sluice)) === 1100)
  expect((await sluice.status()).outputs[0]).toMatchObject({ duplicates: 0, lost: {}, closes: true })
})

test('a key that is no list stops nothing else, and is read once it is one', async () => {
  await redis.command('set', 'logstash', 'text')
  const sluice = await start(`${list()}\ndeliver: [{ file: { path: ${dir}/out } }]`)
  await until('it is told', () => sluice.log().includes('WRONGTYPE'))
  await redis.command('del', 'logstash')
  await push(1, 10)
  await until('all is delivered', async () => (await delivered(sluice)) === 10)
  expect(await sluice.stop()).toBe(0)
})
