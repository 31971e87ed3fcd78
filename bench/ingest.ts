import { setTimeout as delay } from 'node:timers/promises'
import type { Batch } from '../src/buffer/buffer.ts'
import { RedisBuffer } from '../src/buffer/redis/redis.ts'
import { loadDatasets } from '../src/dataset/load.ts'
import { DAY } from '../src/event/by-day.ts'
import { newStream } from '../src/event/ids.ts'
import { Marks } from '../src/ledger/marks.ts'
import { readCaptures } from './support/captures.ts'
import { send } from './support/load.ts'
import { PrebuiltRequests, withStream } from './support/prebuilt.ts'
import { cpuSeconds } from './support/process.ts'
import { type RealChain, startRealChain } from './support/real-chain.ts'
import type { Progress, Section } from './support/section.ts'
import { batchesOf } from './support/stages.ts'
import { spread } from './support/table.ts'
import { Lines } from './timing.ts'

const OUTPUT = 'elasticsearch'
const LOOK_MILLIS = 50
const OVER_MILLIS = 15_000
const APPENDS = 8
/** The last request of all waits to be filled (bulk.delay), which should not be seen. */
const EVENTS = 600_000
/** Of what the node takes: more would be dropped, and sending it takes of the same cores. */
const OFFERED = 0.75

const WAYS = [
  ['prebuilt', 'prebuilt requests'],
  ['filled', 'shipper, from a filled Redis'],
  ['chain', 'UDP, receiver, Redis, shipper'],
] as const

interface Run {
  /** Events a second. */
  rate: number
  /** CPU seconds per million events, of the shipper. */
  cpu: number
  /** Lines that the kernel dropped, since the receiver's thread had no core. */
  dropped: number
  /** Events that did not arrive, these apart. */
  missing: number
}

/**
 * What one node of Elasticsearch takes, three times a round: prebuilt requests as fast as it answers them, the shipper
 * from a filled Redis, the whole chain. All on the same cores, the same events, each time into new indices.
 */
export async function* runIngest(options: {
  captures: readonly string[]
  rounds?: number
  events?: number
  progress: Progress
}): AsyncGenerator<Section> {
  const { captures, rounds = 5, events = EVENTS, progress } = options
  const batches = await batchesFrom(captures)
  await using chain = await startRealChain({ refresh: '5s', jvm: ['-XX:TieredStopAtLevel=4'] })
  const requests = new PrebuiltRequests(batches)
  await using redis = await openFilling(chain, batches)
  const runs: Record<(typeof WAYS)[number][0], Run[]> = { prebuilt: [], filled: [], chain: [] }
  const [node = ''] = chain.cluster.urls
  progress('warming up')
  await requests.send(node, events)
  await chain.clear()
  await fromFilled(chain, redis, events)
  for (let round = 1; round <= rounds; round++) {
    for (const [way, title] of WAYS) {
      progress(`round ${round}: ${title}`)
      await chain.clear()
      if (way === 'prebuilt') {
        runs.prebuilt.push({ rate: await requests.send(node, events), cpu: Number.NaN, dropped: 0, missing: 0 })
      } else if (way === 'filled') runs.filled.push(await fromFilled(chain, redis, events))
      else {
        const { rate = 0 } = runs.prebuilt.at(-1) ?? {}
        runs.chain.push(await throughChain(chain, { captures, rate: rate * OFFERED, lines: events }))
      }
    }
  }
  const rates = (list: readonly Run[]) => list.map(({ rate }) => rate)
  const shares = (list: readonly Run[]) => list.map(({ rate }, i) => (100 * rate) / (runs.prebuilt[i]?.rate ?? 0))
  const sum = (field: 'dropped' | 'missing') =>
    Object.values(runs)
      .flat()
      .reduce((sum, run) => sum + run[field], 0)
  yield {
    title: `What one node of Elasticsearch takes: ${events.toLocaleString('en')} events, ${rounds} rounds`,
    head: ['', 'events/s', '% of prebuilt', 'CPU s/million of the shipper'],
    rows: WAYS.map(([way, title]) => [
      title,
      spread(rates(runs[way])),
      way === 'prebuilt' ? '–' : spread(shares(runs[way])),
      spread(runs[way].map(({ cpu }) => cpu)),
    ]),
    notes: [
      'The middle of the rounds, with the least and the most; all of it, the sender too, runs on the same cores.',
      `The chain is offered ${100 * OFFERED} % of what prebuilt requests reached.`,
      `Lines that the kernel dropped before the receiver: ${sum('dropped')}. Events missing besides: ${sum('missing')}.`,
    ],
    figures: runs,
  }
}

/** As a receiver makes them of these lines, for this output. */
async function batchesFrom(captures: readonly string[]): Promise<Batch[]> {
  const datagrams = await readCaptures(captures)
  const texts = Array.from({ length: datagrams.count }, (_, i) => datagrams.at(i).toString('latin1'))
  return batchesOf(new Lines(texts), {
    outputs: [{ name: OUTPUT, index: 'syslog-%Y.%m.%d' }],
    window: { back: 30 * DAY, ahead: DAY },
    datasets: { definitions: loadDatasets([]), patterns: [] },
  })
}

interface Filling extends AsyncDisposable {
  /** Appends so many events at least, all new; resolves with their number. */
  fill(events: number): Promise<number>
}

async function openFilling({ redis, dir }: RealChain, batches: readonly Batch[]): Promise<Filling> {
  const marks = await Marks.open(`${dir}/filling`)
  const buffer = new RedisBuffer({ url: redis.url, marks, size: 1e9, age: 1e9, consumer: 'bench', leaseMs: 60_000 })
  await buffer.link.settled(5000)
  return {
    async fill(events) {
      let appended = 0
      let stream = ''
      for (let number = 0; appended < events; ) {
        // Each lap is a stream of its own: an id is in the node once.
        const place = number % batches.length
        if (place === 0) stream = newStream()
        const some = batches.slice(place, place + APPENDS).map((batch, i) => ({
          ...batch,
          ...{ stream, number: number + i + 1, body: withStream(batch.body, stream) },
        }))
        await Promise.all(some.map((batch) => buffer.append(batch)))
        number += some.length
        appended += some.reduce((sum, { count }) => sum + count, 0)
      }
      return appended
    },
    async [Symbol.asyncDispose]() {
      await buffer.close()
      await marks.close()
    },
  }
}

/** The shipper is held while Redis is being filled. */
async function fromFilled(chain: RealChain, redis: Filling, wanted: number): Promise<Run> {
  process.kill(chain.shipper, 'SIGSTOP')
  const events = await redis.fill(wanted)
  const start = performance.now()
  const cpu = cpuSeconds(chain.shipper)
  process.kill(chain.shipper, 'SIGCONT')
  const { indexed, last } = await arrived(chain, events)
  return {
    rate: (indexed * 1000) / (last - start),
    cpu: ((cpuSeconds(chain.shipper) - cpu) * 1e6) / indexed,
    dropped: 0,
    missing: events - indexed,
  }
}

async function throughChain(
  chain: RealChain,
  load: { captures: readonly string[]; rate: number; lines: number },
): Promise<Run> {
  const before = await countsOf(chain)
  const start = performance.now()
  const cpu = cpuSeconds(chain.shipper)
  const sending = send({ ...load, to: chain.udp, seconds: 600 })
  const { indexed, last } = await arrived(chain, load.lines, sending)
  const { sent } = await sending
  const after = await countsOf(chain)
  const dropped = after.dropped - before.dropped
  return {
    rate: (indexed * 1000) / (last - start),
    cpu: ((cpuSeconds(chain.shipper) - cpu) * 1e6) / indexed,
    dropped,
    missing: sent - indexed - dropped - (after.joined - before.joined),
  }
}

async function countsOf(chain: RealChain): Promise<{ joined: number; dropped: number }> {
  const { inputs, outputs } = await chain.status()
  const dropped = Object.values(inputs).reduce((sum, { kernel_drops = 0 }) => sum + kernel_drops, 0)
  return { joined: outputs[0]?.joined ?? 0, dropped }
}

/** Waits until so many are there, or no more come; `last`: when the last ones did, by `performance.now()`. */
async function arrived(chain: RealChain, wanted: number, sending: Promise<unknown> = Promise.resolve()) {
  let isSending = true
  const over = () => {
    isSending = false
  }
  sending.then(over, over)
  let indexed = 0
  let last = performance.now()
  while (indexed < wanted && (isSending || performance.now() - last < OVER_MILLIS)) {
    const now = await chain.indexed()
    if (now > indexed) last = performance.now()
    indexed = now
    await delay(LOOK_MILLIS)
  }
  return { indexed, last }
}
