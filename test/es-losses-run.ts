import { join } from 'node:path'
import { expect } from 'vitest'
import { Datagrams } from '../src/replay/datagrams.ts'
import { Pacer } from '../src/replay/pace.ts'
import { openSender } from '../src/replay/sender.ts'
import { type BulkFaults, startStandInBulk, taken } from './support/bulk-server.ts'
import { freePort, runCommand } from './support/programs.ts'
import { startSluice, until, workspace } from './support/sluice.ts'

const MAIN = join(import.meta.dirname, '../src/main.ts')
const POISON = 'poison'
const POISONED = 30

/** What some collectors lose events by. */
export const FAULTS: [name: string, faults: BulkFaults, deadLetters: number][] = [
  ['a cluster that is down', { away: true }, 0],
  ['429 to every request', { status: 429 }, 0],
  ['503 to every request', { status: 503 }, 0],
  ['30 documents refused with 400', { refuse: refusing(400, 'document_parsing_exception') }, 30],
  ['30 documents put off with 429', { refuse: refusing(429, 'es_rejected_execution_exception') }, 0],
]

function refusing(status: number, type: string): NonNullable<BulkFaults['refuse']> {
  return { containing: POISON, status, type, reason: 'told to refuse' }
}

/**
 * Lines over TCP, a fault for the middle half of them, and then: each is taken by the cluster or a dead letter.
 */
export async function runFault(
  { lines, rate }: { lines: number; rate: number },
  faults: BulkFaults,
  deadLetters: number,
): Promise<void> {
  await using dir = await workspace()
  await using cluster = await startStandInBulk()
  const port = await freePort()
  await using sluice = await startSluice(
    dir.path,
    `
receive: [{ tcp: "127.0.0.1:${port}" }]
archive: false
datasets: false
metrics: false
deliver: [{ elasticsearch: { nodes: ["${cluster.url}"], setup: false, dead_index: false } }]
`,
  )
  const quarter = Math.floor(lines / 4)
  const isPoison = (i: number) => i >= 2 * quarter && i < 2 * quarter + POISONED
  const datagrams = Datagrams.of(
    Array.from({ length: lines }, (_, i) => `<13>Nov 23 03:14:21 web1 app: ${isPoison(i) ? POISON : 'line'} ${i}`),
  )
  const sender = await openSender(`tcp://127.0.0.1:${port}`)
  let next = 0
  await new Pacer({ rate }).play(datagrams, async (from, to) => {
    await sender.send(datagrams, from, to)
    if (from < quarter && to >= quarter) await cluster.set(faults)
    if (from < 3 * quarter && to >= 3 * quarter) {
      // What is refused has to get there before it is not any more.
      const isRefused = async () => faults.refuse === undefined || (await cluster.counts()).refused >= POISONED
      await until('they are refused', isRefused, 60_000)
      await cluster.set()
    }
    next = to
  })
  await sender.close()
  expect(next).toBe(lines)

  const output = async () => (await sluice.status()).outputs[0]
  const report = await until(
    'all is settled',
    async () => {
      const found = await output()
      return found?.received === lines && found.buffered === 0 && found.inHand === 0 && found
    },
    240_000,
  )
  expect(report).toMatchObject({ dead: deadLetters, lost: {}, closes: true })
  expect(report.delivered + report.duplicates).toBe(lines - deadLetters)
  expect(await taken(cluster, lines - deadLetters)).toMatchObject({ events: lines - deadLetters, repeated: 0 })

  const letters = await runCommand(process.execPath, [MAIN, 'dead', 'ls', '--data', sluice.data, '--json'], '')
  const reasons = letters.stdout.split('\n').flatMap((line) => (line === '' ? [] : [String(JSON.parse(line).reason)]))
  expect(reasons).toHaveLength(deadLetters)
  for (const reason of reasons) expect(reason).toContain('told to refuse')
  expect(await sluice.stop()).toBe(0)
}
