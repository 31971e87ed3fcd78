import { highestRate, type Measurement, measure, total, withSubject } from './support/measure.ts'
import { peersFor, type Work } from './support/peers.ts'
import type { Progress, Section } from './support/section.ts'
import { shapes, sluiceFor, subject } from './support/sluice.ts'
import { memory, type Subject } from './support/subject.ts'
import { figure, spread } from './support/table.ts'

const WORKS: [work: Work, title: string, atAllRates: boolean][] = [
  ['file', 'header → file per host and program', false],
  ['json', 'header → sshd, haproxy fields → JSON file', false],
  ['bulk', 'header → sshd, haproxy fields → _bulk', true],
]
/** Sent before anything is measured, each way: a daemon is warm nearly all of its life. */
const WARMING_LINES = 200_000
const TCP_LINES = 1_000_000
const UDP_RATE = 30_000
const UDP_SECONDS = 10
/** The platform that sluice comes from has 75 lines a second. */
const LOW_RATES = [75, 750]
const LOW_SECONDS = 15
const TRIAL_SECONDS = 3

/** What none of the peers has: CPU and memory are those of receiver and shipper together. */
const OVER_REDIS: Subject = { ...subject(shapes.chain), name: 'sluice: receiver, Redis, shipper' }

interface Result {
  tcp: Measurement[]
  udp: Measurement[]
  /** By rate. */
  low: Measurement[][]
  highest: number[]
  peak: number[]
}

/** The same lines, the same work: sluice and each peer in turn, round after round, so that they share the machine's moods. */
export async function* runPeers(options: {
  captures: readonly string[]
  rounds: number
  seconds: number
  progress: Progress
}): AsyncGenerator<Section> {
  const { captures, rounds, seconds } = options
  for (const [work, title, atAllRates] of WORKS) {
    const subjects: Subject[] = [sluiceFor(work), ...(work === 'bulk' ? [OVER_REDIS] : []), ...peersFor(work)]
    const results = new Map(subjects.map(({ name }): [string, Result] => [name, none()]))
    for (let round = 1; round <= rounds; round++) {
      for (const subject of subjects) {
        const { tcp, udp, low, highest, peak } = results.get(subject.name) ?? none()
        const progress = (text: string) => options.progress(`${title}, round ${round}: ${subject.name} ${text}`)
        await withSubject(subject, async (running) => {
          progress('TCP')
          const flatOut = { captures, transport: 'tcp', rate: 0, seconds: 60 } as const
          await measure(running, { ...flatOut, lines: WARMING_LINES })
          tcp.push(await measure(running, { ...flatOut, lines: TCP_LINES }))
          progress('UDP')
          const steady = { captures, transport: 'udp', rate: UDP_RATE } as const
          await measure(running, { ...steady, seconds: WARMING_LINES / UDP_RATE })
          udp.push(await measure(running, { ...steady, seconds: UDP_SECONDS }))
          if (atAllRates) {
            for (const [i, rate] of LOW_RATES.entries()) {
              const slow = { captures, transport: 'udp', rate, seconds: LOW_SECONDS, probes: false } as const
              low[i]?.push(await measure(running, slow))
            }
            const search = { captures, seconds, trial: TRIAL_SECONDS, from: 50_000, progress }
            highest.push((await highestRate(running, search))?.rate ?? 0)
          }
          peak.push(memory(running).peak)
        })
      }
    }
    const cpu = (list: Measurement[]) => spread(list.map((one) => total(one.cpu)))
    yield {
      title,
      head: [
        '',
        'TCP flat out, CPU s/million',
        `UDP at ${figure(UDP_RATE)}/s`,
        ...(atAllRates ? [...LOW_RATES.map((rate) => `at ${rate}/s`), 'UDP lines/s without loss'] : []),
        'RSS peak MB',
      ],
      rows: [...results].map(([name, { tcp, udp, low, highest, peak }]) => [
        name,
        cpu(tcp),
        cpu(udp),
        ...(atAllRates ? [...low.map(cpu), spread(highest)] : []),
        spread(peak),
      ]),
      notes: [`The middle of ${rounds} rounds, with the least and the most. Missing lines: ${missing(results)}.`],
      figures: Object.fromEntries(results),
    }
  }
}

const none = (): Result => ({ tcp: [], udp: [], low: LOW_RATES.map(() => []), highest: [], peak: [] })

/** Over TCP nothing may be missing, and at the steady rate of UDP it should not. */
function missing(results: ReadonlyMap<string, Result>): string {
  const parts = [...results].flatMap(([name, { tcp, udp }]) => {
    const count = [...tcp, ...udp].reduce((sum, one) => sum + Math.max(0, one.sent - one.handled), 0)
    return count > 0 ? [`${name} ${count}`] : []
  })
  return parts.join(', ') || 'none'
}
