import { setTimeout as delay } from 'node:timers/promises'
import { Datagrams } from '../src/replay/datagrams.ts'
import { openSender } from '../src/replay/sender.ts'
import { FAULTS, type Fault, FaultySink } from './support/faulty-sink.ts'
import { withSubject } from './support/measure.ts'
import { peersInto } from './support/peers.ts'
import type { Progress, Section } from './support/section.ts'
import { sluiceInto } from './support/sluice.ts'
import type { Subject } from './support/subject.ts'

const RATE = 1000
/** Of the 60 s that are sent. */
const FAULT = { from: 15, to: 45 }
const SECONDS = 60
/** What has not come by then, after the fault is over, is not under way any more. */
const PATIENCE_SECONDS = 60

interface Outcome {
  missing: number
  /** Kept as dead letters, with reasons, by who has such a thing. */
  dead: number
}

/** 60,000 numbered lines over TCP at 1,000/s to each program, and 30 s of a fault of the bulk server in between. */
export async function* runFaults({ progress }: { progress: Progress }): AsyncGenerator<Section> {
  const outcomes = new Map<string, Map<Fault, Outcome>>()
  for (const fault of FAULTS) {
    progress(fault)
    // At this rate they don't stand in each other's way; each has a bulk server of its own.
    await Promise.all(
      ['sluice', ...peersInto(null).map(({ name }) => name)].map(async (name) => {
        const sink = await FaultySink.start()
        const subject = name === 'sluice' ? sluiceInto(sink) : peersInto(sink).find((peer) => peer.name === name)
        if (subject === undefined) throw new Error(`no subject ${name}`)
        const outcome = await suffer(subject, sink, fault)
        const row = outcomes.get(name) ?? new Map<Fault, Outcome>()
        outcomes.set(name, row.set(fault, outcome))
        await sink[Symbol.asyncDispose]()
      }),
    )
  }
  yield {
    title: `What they lose, of ${(RATE * SECONDS).toLocaleString('en')} events at ${RATE.toLocaleString('en')}/s with ${FAULT.to - FAULT.from} s of fault`,
    head: ['', ...FAULTS],
    rows: [...outcomes].map(([name, row]) => [
      name,
      ...FAULTS.map((fault) => {
        const { missing = 0, dead = 0 } = row.get(fault) ?? {}
        return dead > 0 ? `${missing - dead}: ${dead} dead letters` : `${missing}`
      }),
    ]),
    notes: [`TCP input; missing ${PATIENCE_SECONDS} s after the last line was sent.`],
    figures: Object.fromEntries([...outcomes].map(([name, row]) => [name, Object.fromEntries(row)])),
  }
}

async function suffer(subject: Subject, sink: FaultySink, fault: Fault): Promise<Outcome> {
  return withSubject(subject, async (running) => {
    const sender = await openSender(running.tcp, { framing: 'newline' })
    for (let second = 0; second < SECONDS; second++) {
      if (second === FAULT.from) await sink.set(fault)
      if (second === FAULT.to) await sink.set(null)
      const from = performance.now()
      const lines = Array.from(
        { length: RATE },
        (_, i) =>
          `<38>Nov 23 03:14:21 web1 sshd[4711]: Accepted password for u${i} from 192.0.2.7 port 22 ssh2 n=${second * RATE + i};`,
      )
      await sender.send(Datagrams.of(lines))
      await delay(Math.max(0, 1000 - (performance.now() - from)))
    }
    const all = RATE * SECONDS
    const end = performance.now() + PATIENCE_SECONDS * 1000
    let dead = 0
    while (performance.now() < end) {
      dead = (await running.extras?.())?.dead ?? 0
      if (sink.taken.size + dead >= all) break
      await delay(500)
    }
    await sender.close(0)
    return { missing: all - sink.taken.size, dead }
  })
}
