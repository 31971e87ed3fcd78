import { afterAll, beforeAll, expect, test } from 'vitest'
import { Datagrams } from '../src/replay/datagrams.ts'
import { openSender } from '../src/replay/sender.ts'
import { startStandInBulk } from './support/bulk-server.ts'
import { type Cluster, startCluster } from './support/elasticsearch.ts'
import { freePort } from './support/programs.ts'
import { type Running, startSluice, storedEvents, until, workspace } from './support/sluice.ts'

let cluster: Cluster

beforeAll(async () => {
  cluster = await startCluster({
    data: 1,
    settings: { 'indexing_pressure.memory.coordinating.limit': '300kb', 'thread_pool.write.queue_size': 1 },
  })
}, 300_000)
afterAll(() => cluster?.stop())

const DAY = 86_400_000
const day = (back: number) => new Date(Date.now() - back * DAY).toISOString()
const indexOf = (back: number) => `syslog-${day(back).slice(0, 10).replaceAll('-', '.')}`
const lines = (time: string, from: number, count: number, pad = 0) =>
  Datagrams.of(
    Array.from({ length: count }, (_, i) => `<13>1 ${time} web${i % 3} app - - - line ${from + i}${'x'.repeat(pad)}`),
  )

async function countIn(index: string): Promise<number> {
  // A shard that is just being made has no answer yet.
  await cluster.call('POST', '/syslog-*,other-*/_refresh').catch(() => {})
  const answer = await cluster.call('GET', `/${index}/_count?ignore_unavailable=true`).catch(() => null)
  return typeof answer === 'object' && answer !== null && 'count' in answer ? Number(answer.count) : Number.NaN
}

const rowOf = async (sluice: Running, output = 'elasticsearch') => {
  const { outputs } = await sluice.status()
  return outputs.find(({ output: name }) => name === output)
}

const config = (port: number, urls: readonly string[], more = '', others = '') => `
receive: [{ tcp: "127.0.0.1:${port}" }]
archive: false
metrics: false
deliver:
  - elasticsearch: { nodes: [${urls.map((url) => `"${url}"`)}], replicas: 0${more} }
${others}`

test('a read-only index holds its own events; when it takes them again all is there once, and the sum closes', async () => {
  await using dir = await workspace()
  const port = await freePort()
  await using sluice = await startSluice(dir.path, config(port, cluster.urls))
  const sender = await openSender(`tcp://127.0.0.1:${port}`)
  await sender.send(lines(day(1), 0, 10))
  await until('the index is there', async () => (await countIn(indexOf(1))) === 10, 60_000)
  const block = (value: boolean | null) =>
    cluster.call('PUT', `/${indexOf(1)}/_settings`, { 'index.blocks.write': value })

  await block(true)
  for (let i = 0; i < 5; i++) {
    await sender.send(lines(day(1), 1000 * i, 700))
    await sender.send(lines(day(0), 1000 * i, 300))
  }
  await until('the other index has all', async () => (await countIn(indexOf(0))) === 1500, 60_000)
  await until('and the ledger says so', async () => (await rowOf(sluice))?.buffered === 3500, 60_000)
  const during = await sluice.status()
  expect(during.outputs[0]).toMatchObject({ received: 5010, dead: 0, lost: {} })
  expect(during.troubles).toEqual([expect.stringContaining(`events of index ${indexOf(1)} wait`)])
  expect(during.closes).toBe(true)
  expect(sluice.log()).toContain('an index takes no events: those for it wait')

  await sender.send(lines(day(0), 9000, 300))
  await until('later ones do not wait', async () => (await countIn(indexOf(0))) === 1800, 60_000)

  await block(null)
  await until('nothing waits', async () => (await rowOf(sluice))?.buffered === 0, 90_000)
  expect(await countIn(indexOf(1))).toBe(3510)
  const { delivered = 0, duplicates = 0, ...row } = (await rowOf(sluice)) ?? {}
  expect(delivered + duplicates).toBe(5310)
  expect(row).toMatchObject({ received: 5310, dead: 0, lost: {} })
  expect((await sluice.status()).closes).toBe(true)
  await sender.close()
  expect(await sluice.stop()).toBe(0)
})

test('events that are held survive a kill, and are in the index once', async () => {
  await using dir = await workspace()
  const port = await freePort()
  const yesterday = indexOf(2)
  {
    await using sluice = await startSluice(dir.path, config(port, cluster.urls))
    const sender = await openSender(`tcp://127.0.0.1:${port}`)
    await sender.send(lines(day(2), 0, 1))
    await until('the index is there', async () => (await countIn(yesterday)) === 1, 60_000)
    await cluster.call('POST', `/${yesterday}/_close`)
    await sender.send(lines(day(2), 1, 500))
    await until('it is seen', () => sluice.log().includes('an index takes no events'), 60_000)
    await until('all is on disk', async () => (await rowOf(sluice))?.buffered === 500)
    await sender.close()
    await sluice.kill()
  }
  await cluster.call('POST', `/${yesterday}/_open`)
  await cluster.green()
  await using sluice = await startSluice(dir.path, config(port, cluster.urls))
  await until('nothing waits', async () => (await rowOf(sluice))?.buffered === 0, 90_000)
  expect(await countIn(yesterday)).toBe(501)
  const { outputs, closes } = await sluice.status()
  expect({ closes, lost: outputs[0]?.lost }).toEqual({ closes: true, lost: {} })
})

test('a cluster that can take little at a time gets all of it', async () => {
  await using dir = await workspace()
  const port = await freePort()
  await using sluice = await startSluice(dir.path, config(port, cluster.urls))
  const sender = await openSender(`tcp://127.0.0.1:${port}`)
  await sender.send(lines(day(3), 0, 6000, 300))
  const settled = async () => {
    const { delivered = 0, duplicates = 0 } = (await rowOf(sluice)) ?? {}
    return delivered + duplicates === 6000
  }
  await until('all is settled', settled, 90_000)
  expect(await rowOf(sluice)).toMatchObject({ buffered: 0, dead: 0, lost: {} })
  expect(await countIn(indexOf(3))).toBe(6000)
  await sender.close()
})

test('an output that is down does not stop the other, and catches up', async () => {
  await using dir = await workspace()
  await using standIn = await startStandInBulk()
  await standIn.set({ status: 503 })
  const port = await freePort()
  await using sluice = await startSluice(
    dir.path,
    config(
      port,
      cluster.urls,
      '',
      `  - { name: far, elasticsearch: { nodes: ["${standIn.url}"], setup: false } }\n  - store: {}`,
    ),
  )
  const sender = await openSender(`tcp://127.0.0.1:${port}`)
  await sender.send(lines(day(4), 0, 2000))
  await until('the store has all', async () => (await storedEvents(sluice)) === 2000, 60_000)
  await until('the cluster has all', async () => (await countIn(indexOf(4))) === 2000, 60_000)
  expect(await rowOf(sluice, 'far')).toMatchObject({ received: 2000, buffered: 2000, delivered: 0 })
  const { requests } = await standIn.counts()
  expect(requests).toBeLessThan(50)
  await standIn.set()
  await until('the other has all', async () => (await standIn.counts()).events === 2000, 90_000)
  await until('nothing waits', async () => (await rowOf(sluice, 'far'))?.buffered === 0)
  expect((await sluice.status()).closes).toBe(true)
  await sender.close()
  expect(await sluice.stop()).toBe(0)
})

test('an event from 1970 or 2068 makes no index of that day, in any output', async () => {
  await using dir = await workspace()
  const port = await freePort()
  const other = `  - { name: b, elasticsearch: { nodes: ["${cluster.urls[0]}"], index: "other-%Y-%m-%d" } }`
  await using _sluice = await startSluice(dir.path, config(port, cluster.urls, '', other))
  const sender = await openSender(`tcp://127.0.0.1:${port}`)
  const before = await countIn(indexOf(0))
  await sender.send(lines('1970-01-01T00:00:00Z', 0, 2))
  await sender.send(lines('2068-05-05T00:00:00Z', 2, 2))
  const otherIndex = `other-${day(0).slice(0, 10)}`
  await until('one has them', async () => (await countIn(indexOf(0))) === before + 4, 60_000)
  await until('so has the other', async () => (await countIn(otherIndex)) === 4, 60_000)
  expect(await cluster.call('GET', '/_cat/indices/*1970*,*2068*?h=index')).toBe('')
  const found = JSON.stringify(await cluster.call('GET', `/${otherIndex}/_search`))
  expect(found.match(/"flags":\["date_out_of_range"\]/g)).toHaveLength(4)
  await sender.close()
})
