/** The load generator's process: see load.ts. Reads the captures first, then sends them over and over. */
import { setTimeout as delay } from 'node:timers/promises'
import { Datagrams } from '../../src/replay/datagrams.ts'
import { openSender } from '../../src/replay/sender.ts'
import { readCaptures } from './captures.ts'
import type { Load, Sent } from './load.ts'

const PROBE_MILLIS = 20
/** A halt of this process is not made up for: it would be a burst that no receive buffer holds. */
const LONGEST_BURST_MILLIS = 20

const load: Load = JSON.parse(process.argv[2] ?? '')
const lines = await readCaptures(load.captures)
const sender = await openSender(load.to, { framing: 'newline' })
const end = load.lines ?? Number.POSITIVE_INFINITY
const cpuBefore = process.cpuUsage()
const start = performance.now()
const counts = load.rate === 0 ? await flatOut() : await paced(load.rate)
const seconds = (performance.now() - start) / 1000
await sender.close()
const { user, system } = process.cpuUsage(cpuBefore)
const report: Sent = { ...counts, bytes: sender.counts.bytes, seconds, cpu: (user + system) / 1e6 }
process.send?.(report, () => process.disconnect?.())

async function flatOut(): Promise<{ sent: number; probes: number }> {
  let sent = 0
  while (sent < end && performance.now() - start < load.seconds * 1000) {
    const count = Math.min(lines.count, end - sent, 512)
    const from = sent % lines.count
    const to = Math.min(lines.count, from + count)
    await sender.send(lines, from, to)
    sent += to - from
  }
  return { sent, probes: 0 }
}

/** Sends what is due each millisecond. */
async function paced(rate: number): Promise<{ sent: number; probes: number }> {
  let sent = 0
  let probes = 0
  let nextProbe = 0
  let due = 0
  let last = performance.now()
  for (;;) {
    const now = performance.now()
    if (now - start >= load.seconds * 1000 || sent >= end) return { sent: sent + probes, probes }
    due += (Math.min(now - last, LONGEST_BURST_MILLIS) * rate) / 1000
    last = now
    for (let left = Math.min(Math.floor(due), end - sent); left > 0; ) {
      const from = sent % lines.count
      const to = Math.min(lines.count, from + left)
      await sender.send(lines, from, to)
      sent += to - from
      left -= to - from
      due -= to - from
    }
    if (load.probes === true && now >= nextProbe) {
      nextProbe = now + PROBE_MILLIS
      const at = (performance.timeOrigin + performance.now()).toFixed(3)
      await sender.send(Datagrams.of([`<134>Nov 23 03:14:21 bench-probe probe: sent=${at};`]))
      probes++
    }
    await delay(1)
  }
}
