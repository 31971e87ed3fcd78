import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { LedgerReport } from '../src/ledger/report.ts'
import { Datagrams } from '../src/replay/datagrams.ts'
import { Pacer } from '../src/replay/pace.ts'
import { openSender } from '../src/replay/sender.ts'
import { documentsOf, eventsPerHost } from './es-indexed.ts'
import { type Case, corpus, rawBytes } from './header-cases.ts'
import type { Cluster } from './support/elasticsearch.ts'
import { freePort } from './support/programs.ts'
import { type RedisServer, startRedis } from './support/redis.ts'
import { type Running, startSluice, until, workspace } from './support/sluice.ts'

/** The whole chain while lines come in; what a test does to it. */
export interface Chain {
  redis: [RedisServer, RedisServer]
  /** kill -9, then a new process with the same data. */
  restartShipper(which: 0 | 1): Promise<void>
  killShipper(which: 0 | 1): Promise<void>
  /** Waits until so many more events are in the cluster, settled. */
  goesOn(events: number): Promise<void>
  /** Waits until so many more events are received and in one of the Redis. */
  piles(events: number): Promise<void>
  /** Waits until a shipper has logged this. */
  says(text: string): Promise<void>
}

export interface ChainOptions {
  /** Name of the indices; every run has its own. */
  name: string
  /** Lines go on for so long at least, and until `faults` is done. */
  seconds: number
  rate?: number
  replicas?: number
  faults(chain: Chain): Promise<void>
}

const PATIENCE = 240_000

/**
 * Real datagrams at a steady rate → receiver → two Redis → two shippers → cluster. Then everything must be there: in the
 * cluster each host has the events that were sent, no id is there twice, and the ledgers say the same.
 */
export async function runChain(cluster: Cluster, options: ChainOptions): Promise<void> {
  const { name, seconds, rate = 3000, replicas = 2, faults } = options
  await using dir = await workspace()
  // An acknowledged write is one that a killed Redis still has: the default may hold the last ones back.
  await using a = await startRedis(['--appendfsync', 'always'])
  await using b = await startRedis(['--appendfsync', 'always'])
  const port = await freePort()
  const nodes = JSON.stringify(cluster.urls)
  const elasticsearch = `{ nodes: ${nodes}, index: "${name}-%Y.%m.%d", replicas: ${replicas}, refresh: 1s }`
  const config = (lines: string) => `${lines}
deliver: [{ elasticsearch: ${elasticsearch} }]
archive: false
metrics: false
`
  const redis = `redis: ["${a.url}", "${b.url}"]`
  const place = async (role: string) => {
    const path = join(dir.path, role)
    await mkdir(path, { recursive: true })
    return path
  }
  const startShipper = async (which: number) =>
    startSluice(await place(`shipper${which}`), config(`buffer: { ${redis} }`))

  await using receiver = await startSluice(
    await place('receiver'),
    config(`receive: [{ udp: "127.0.0.1:${port}", lanes: 1 }]\nbuffer: { ${redis}, ship: false }`),
  )
  await using shippers = new AsyncDisposableStack()
  const ship = async (which: number) => shippers.use(await startShipper(which))
  const running: [Running, Running] = [await ship(0), await ship(1)]
  const taken = async () => {
    const reports = await Promise.all(running.map((shipper) => shipper.status().catch(() => undefined)))
    return reports.reduce((sum, report) => sum + (report?.taken[0]?.events ?? 0), 0)
  }
  const chain: Chain = {
    redis: [a, b],
    killShipper: (which) => running[which].kill(),
    async restartShipper(which) {
      await running[which].kill()
      running[which] = await ship(which)
    },
    async goesOn(events) {
      const before = await taken()
      await until(`${events} more events are settled`, async () => (await taken()) >= before + events, PATIENCE)
    },
    async piles(events) {
      const before = sums(await receiver.status()).handedOn
      const isThere = async () => sums(await receiver.status()).handedOn >= before + events
      await until(`${events} more events are in Redis`, isThere, PATIENCE)
    },
    async says(text) {
      await until(`a shipper says: ${text}`, () => running.some((shipper) => shipper.log().includes(text)), PATIENCE)
    },
  }

  const sending = sendLines(`udp://127.0.0.1:${port}`, rate, seconds)
  try {
    await Promise.race([faults(chain), sending.failed])
  } finally {
    sending.stop()
  }
  const sent = await sending.sent
  const total = [...sent.values()].reduce((sum, events) => sum + events, 0)
  expect(total).toBeGreaterThanOrEqual(rate * seconds * 0.9)

  const all = () => shows(running, receiver)
  const { dropped } = await until(
    'everything sent is handed on or dropped by the kernel',
    async () => {
      const report = await receiver.status()
      const { received, dropped, handedOn } = sums(report)
      return received + dropped === total && handedOn === received && { dropped }
    },
    PATIENCE,
  ).catch(async (error) => Promise.reject(new Error(`${error.message}\n${await all()}`)))
  await until('everything handed on is settled', async () => (await taken()) >= total - dropped, PATIENCE).catch(
    async (error) => Promise.reject(new Error(`${error.message}\n${await all()}`)),
  )
  await cluster.green()
  await cluster.call('POST', `/${name}-*/_refresh`)

  const { events, ids } = await documentsOf(cluster, `${name}-*`)
  expect({ events, ids }).toEqual({ events: total - dropped, ids: total - dropped })
  expectHosts(await eventsPerHost(cluster, `${name}-*`, [...sent.keys()]), sent, dropped)

  const report = await receiver.status()
  expect(report.outputs[0]).toMatchObject({ handedOn: total - dropped, buffered: 0, inHand: 0, lost: {}, joined: 0 })
  expect(report.closes).toBe(true)
  const outcomes = await Promise.all(running.map(async (shipper) => (await shipper.status()).taken[0]))
  for (const outcome of outcomes) expect(outcome ?? { dead: 0, lost: {} }).toMatchObject({ dead: 0, lost: {} })
  for (const server of [a, b]) expect(Number(await server.command('hget', KEY, 'events'))).toBe(0)
  for (const process of [receiver, ...running]) expect(await process.stop()).toBe(0)
}

const KEY = 'sluice:{elasticsearch}:counts'

function sums({ inputs, outputs }: LedgerReport) {
  const dropped = Object.values(inputs).reduce((sum, { kernel_drops = 0 }) => sum + kernel_drops, 0)
  return { received: outputs[0]?.received ?? 0, handedOn: outputs[0]?.handedOn ?? 0, dropped }
}

/** Exactly what was sent; only what the kernel says that it dropped may be missing. */
function expectHosts(found: ReadonlyMap<string, number>, sent: ReadonlyMap<string, number>, dropped: number): void {
  if (dropped === 0) expect(found).toEqual(sent)
  let missing = 0
  for (const [host, events] of sent) {
    const difference = events - (found.get(host) ?? 0)
    expect(difference, host).toBeGreaterThanOrEqual(0)
    missing += difference
  }
  expect(missing).toBe(dropped)
}

async function shows(running: readonly Running[], receiver: Running): Promise<string> {
  const states = await Promise.all(
    [receiver, ...running].map((process) => process.status().catch((error) => String(error))),
  )
  const logs = [receiver, ...running].map((process) => process.log().slice(-2000))
  return [...states.map((state) => JSON.stringify(state, null, 1).slice(0, 3000)), ...logs].join('\n')
}

/** Machines that send, so that there are hosts to tell apart. */
const MACHINES = 20

/** The captured datagrams whose host is stated, as if each of the machines had sent them. */
function captured(): { datagrams: Datagrams; hosts: string[] } {
  const items: Buffer[] = []
  const hosts: string[] = []
  const cases = corpus<Case>('wire.jsonl').filter(({ expect }) => typeof expect?.host === 'string')
  for (let machine = 0; machine < MACHINES; machine++) {
    for (const line of cases) {
      const host = line.expect?.host ?? ''
      const name = `${host.replace(/\..*/, '')}-${machine}`
      items.push(Buffer.from(rawBytes(line).toString('latin1').replace(` ${host} `, ` ${name} `), 'latin1'))
      hosts.push(name)
    }
  }
  return { datagrams: Datagrams.of(items), hosts }
}

/**
 * So many a second for the time, then a tenth of it until stopped: a busy machine is not buried under what it has to do.
 * `sent`: how many of each host, in the end. `failed`: never resolves, rejects when sending fails.
 */
function sendLines(target: string, rate: number, seconds: number) {
  const { datagrams, hosts } = captured()
  const end = performance.now() + seconds * 1000
  const sent = new Map<string, number>()
  let isStopped = false
  const run = async () => {
    const sender = await openSender(target)
    const play = async (rate: number, isOver: () => boolean) => {
      const pacer = new Pacer({ rate })
      const over = new AbortController()
      const send = async (from: number, to: number) => {
        await sender.send(datagrams, from, to)
        for (let i = from; i < to; i++) sent.set(hosts[i] ?? '', (sent.get(hosts[i] ?? '') ?? 0) + 1)
        if (isOver()) over.abort()
      }
      while (!isOver()) await pacer.play(datagrams, send, over.signal)
    }
    await play(rate, () => performance.now() >= end)
    await play(rate / 10, () => isStopped)
    await sender.close()
    return sent
  }
  const done = run()
  const failed = done.then(() => new Promise<never>(() => {}))
  failed.catch(() => {})
  return {
    sent: done,
    failed,
    stop: () => {
      isStopped = true
    },
  }
}
