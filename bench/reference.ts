import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { Datagrams } from '../src/replay/datagrams.ts'
import { openSender } from '../src/replay/sender.ts'
import { readCaptures } from './support/captures.ts'
import { residentMegabytes } from './support/process.ts'
import { type RealChain, startRealChain } from './support/real-chain.ts'
import type { Progress, Section } from './support/section.ts'
import { figure } from './support/table.ts'

/** Lines a minute of the platform that sluice is made for. */
const RATE = 4500
const ROLES = ['receiver', 'shipper'] as const
/** Of the time, each with a row of its own. */
const PARTS = 10
/** Each so-many-th line says when it was sent. */
const PROBE_EVERY = 15
const PROBE_HOST = 'bench-probe'
const LOOK_MILLIS = 20
const OVER_MILLIS = 15_000
/** The first start compiles, and shippers collect what starting left behind after 5 s. */
const SETTLED_MILLIS = 8000
/** The day's index is made, and all programs are warm: not looked at. */
const WARM_SECONDS = 10

const found = z.object({
  hits: z.object({
    hits: z.array(z.object({ _id: z.string(), _source: z.object({ message: z.string() }) })),
  }),
})

/** The reference platform's load through the whole chain: how long until a line is found, and what memory that takes. */
export async function* runReference(options: {
  captures: readonly string[]
  seconds?: number
  progress: Progress
}): AsyncGenerator<Section> {
  const { captures, seconds = 120, progress } = options
  const lines = await readCaptures(captures)
  progress('starting a first time, for the compile cache')
  await (await startRealChain({ refresh: '1h' }))[Symbol.asyncDispose]()
  // Nothing is searchable but by the refresh of a look.
  await using chain = await startRealChain({ refresh: '1h' })
  await delay(SETTLED_MILLIS)
  const idle = memoryOf(chain)
  const looks: Look[] = []
  progress(`${RATE.toLocaleString('en')} lines a minute for ${seconds} s`)
  const watching = setInterval(() => looks.push(memoryOf(chain)), 1000)
  const warming = await sendLines(chain.udp, lines, WARM_SECONDS)
  await settled(chain, warming.sent)
  const begun = Date.now()
  const over = new AbortController()
  const looking = look(chain, begun, over.signal)
  const { sent, probes } = await sendLines(chain.udp, lines, seconds)
  const missing = await settled(chain, warming.sent + sent)
  await delay(LOOK_MILLIS * 10)
  over.abort()
  const millis = [...(await looking).values()].toSorted((a, b) => a - b)
  clearInterval(watching)
  const at = (share: number) => millis[Math.min(millis.length - 1, Math.floor(millis.length * share))]
  yield {
    title: `${RATE.toLocaleString('en')} lines a minute for ${seconds} s: receiver, Redis, shipper, one node of Elasticsearch`,
    head: ['', 'p50', 'p99', 'most'],
    rows: [['ms from sending a line until a search finds it', figure(at(0.5)), figure(at(0.99)), figure(at(1))]],
    notes: [
      `The index is refreshed before each look, every ${LOOK_MILLIS} ms: its refresh interval is left out. ${millis.length} of ${probes} probes found.`,
      `The first ${WARM_SECONDS} s, in which the index of the day is made, are not looked at.`,
      `${sent.toLocaleString('en')} lines sent, missing in the node: ${missing}.`,
    ],
    figures: { sent, missing, probes, millis },
  }
  yield memorySection(idle, looks)
}

type Look = ReturnType<typeof memoryOf>

/** A row for each tenth of the time, after one for before; each tenth's mean and most. */
function memorySection(idle: Look, looks: readonly Look[]): Section {
  const rows = Array.from({ length: PARTS }, (_, part) => {
    const from = Math.round((looks.length * part) / PARTS)
    const to = Math.round((looks.length * (part + 1)) / PARTS)
    return [to, ...ROLES.flatMap((role) => tellsOf(looks.slice(from, to).map((look) => look[role])))]
  })
  return {
    title: 'Memory meanwhile, RSS in MB',
    head: ['seconds', ...ROLES.flatMap((role) => [role, 'most', 'own'])],
    rows: [[0, ...ROLES.flatMap((role) => tellsOf([idle[role]]))], ...rows].map((row) => row.map(figure)),
    notes: ['The mean and the most of looks once a second; own: what is no page of a file, such as the program.'],
    figures: { idle, looks },
  }
}

function tellsOf(looks: readonly Look[(typeof ROLES)[number]][]): [mean: number, most: number, own: number] {
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
  const now = looks.map((look) => look.now)
  return [mean(now), Math.max(...now), mean(looks.map(({ own }) => own))]
}

const memoryOf = ({ receiver, shipper }: RealChain) => ({
  receiver: residentMegabytes(receiver),
  shipper: residentMegabytes(shipper),
})

/** Steadily, one by one. */
async function sendLines(to: string, lines: Datagrams, seconds: number): Promise<{ sent: number; probes: number }> {
  const sender = await openSender(to)
  const start = performance.now()
  let sent = 0
  let probes = 0
  for (;;) {
    const passed = performance.now() - start
    if (passed >= seconds * 1000) break
    for (; sent < (passed * RATE) / 60_000; sent++) {
      if (sent % PROBE_EVERY !== 0) {
        const at = sent % lines.count
        await sender.send(lines, at, at + 1)
        continue
      }
      const stamp = new Date().toISOString()
      await sender.send(Datagrams.of([`<134>1 ${stamp} ${PROBE_HOST} probe - - - sent=${Date.now()}`]))
      probes++
    }
    await delay(5)
  }
  await sender.close()
  return { sent, probes }
}

/** Looks for probes sent since `begun` until told to stop; ms from sending each to the answer that had it first, by id. */
async function look({ cluster }: RealChain, begun: number, signal: AbortSignal): Promise<Map<string, number>> {
  const seen = new Map<string, number>()
  const query = { term: { 'host.name': PROBE_HOST } }
  // Newest first: what came since the look before, with much to spare.
  const search = { query, sort: [{ '@timestamp': 'desc' }], size: 100, _source: ['message'], track_total_hits: false }
  while (!signal.aborted) {
    await cluster.call('POST', '/syslog-*/_refresh?ignore_unavailable=true')
    const answer = await cluster.call('POST', '/syslog-*/_search?ignore_unavailable=true', search)
    const now = Date.now()
    for (const { _id, _source } of found.parse(answer).hits.hits) {
      const sent = Number(/sent=(\d+)/.exec(_source.message)?.[1])
      if (sent >= begun && !seen.has(_id)) seen.set(_id, now - sent)
    }
    await delay(LOOK_MILLIS)
  }
  return seen
}

/** Waits until all lines are in the node, or no more come; gives how many are missing. */
async function settled(chain: RealChain, sent: number): Promise<number> {
  let missing = sent
  for (let since = Date.now(); missing > 0 && Date.now() - since < OVER_MILLIS; await delay(100)) {
    const joined = (await chain.status()).outputs[0]?.joined ?? 0
    const now = sent - joined - (await chain.indexed())
    if (now !== missing) since = Date.now()
    missing = now
  }
  return missing
}
