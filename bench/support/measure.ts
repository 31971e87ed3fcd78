import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { send } from './load.ts'
import { cpuSeconds } from './process.ts'
import { memory, type Running, type Subject, settled } from './subject.ts'

/** More than this share of the lines missing is loss: one in a thousand. */
export const LOSS = 0.001

/** One run of one subject under one load. */
export interface Measurement {
  sent: number
  handled: number
  /** Lines a second that the sender reached. */
  rate: number
  /** CPU seconds per million lines, by process. */
  cpu: Record<string, number>
  /** CPU seconds per million lines of the sender. */
  senderCpu: number
  /** ms; empty when the way has no end that tells. */
  latency: readonly number[]
  /** Further figures of this run, by name: see Running. */
  extras: Readonly<Record<string, number>>
}

export interface LoadLevel {
  captures: readonly string[]
  transport: 'udp' | 'tcp'
  /** Lines a second; 0: as fast as it goes. */
  rate: number
  seconds: number
  lines?: number
  /** Whether lines that tell their latency are sent too; default: at a rate. */
  probes?: boolean
}

/** Starts a subject in an empty directory, gives it to `work`, ends it and removes the directory. */
export async function withSubject<T>(subject: Subject, work: (running: Running) => Promise<T>): Promise<T> {
  const dir = mkdtempSync(join(tmpdir(), 'sluice-bench-'))
  try {
    await using running = await subject.start(dir)
    return await work(running)
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

/** Sends, waits until all has arrived or nothing comes any more, and takes stock. */
export async function measure(running: Running, level: LoadLevel): Promise<Measurement> {
  const { transport, ...load } = level
  const handledBefore = await running.handled()
  await running.latency?.()
  const extrasBefore = (await running.extras?.()) ?? {}
  const before = cpuOf(running)
  const sent = await send({ ...load, to: running[transport], probes: level.probes ?? level.rate > 0 })
  const handled = (await settled(running, handledBefore + sent.sent)) - handledBefore
  const cpu: Record<string, number> = {}
  for (const [name, seconds] of cpuOf(running)) {
    cpu[name] = ((seconds - (before.get(name) ?? 0)) * 1e6) / Math.max(1, handled)
  }
  const extras = Object.entries((await running.extras?.()) ?? {}).map(([name, value]): [string, number] => [
    name,
    value - (extrasBefore[name] ?? 0),
  ])
  return {
    sent: sent.sent,
    handled,
    rate: sent.sent / sent.seconds,
    cpu,
    senderCpu: (sent.cpu * 1e6) / sent.sent,
    latency: (await running.latency?.()) ?? [],
    extras: Object.fromEntries(extras),
  }
}

export const lost = ({ sent, handled }: Measurement): number => Math.max(0, sent - handled) / sent
export const total = (cpu: Measurement['cpu']): number => Object.values(cpu).reduce((sum, one) => sum + one, 0)

function cpuOf(running: Running): Map<string, number> {
  return new Map([...running.pids].map(([name, pid]) => [name, cpuSeconds(pid)]))
}

/**
 * The highest rate of UDP lines without loss: doubled until some are lost, then halved three times between the last two;
 * the result is confirmed over `seconds`, a step lower when that fails. Null: even the lowest rate is lost.
 */
export async function highestRate(
  running: Running,
  options: { captures: readonly string[]; seconds: number; trial: number; from: number; progress(text: string): void },
): Promise<Measurement | null> {
  const level = (rate: number, seconds: number): LoadLevel => ({
    ...{ captures: options.captures, transport: 'udp', rate, seconds },
  })
  const holds = async (rate: number, seconds: number): Promise<Measurement | null> => {
    options.progress(`${Math.round(rate / 1000)}k/s`)
    const result = await measure(running, level(rate, seconds))
    // A sender that can't keep up has tried another rate than was asked for.
    return lost(result) < LOSS && result.rate > rate * 0.95 ? result : null
  }
  let low = 0
  let high = options.from
  while (high < 1_500_000 && (await holds(high, options.trial)) !== null) {
    low = high
    high *= 2
  }
  for (let step = 0; step < 3; step++) {
    const middle = Math.round((low + high) / 2)
    if ((await holds(middle, options.trial)) !== null) low = middle
    else high = middle
  }
  for (let rate = low; rate > 0; rate = Math.round(rate * 0.9)) {
    const result = await holds(rate, options.seconds)
    if (result !== null) return result
    if (rate < low / 4) break
  }
  return null
}

/** Resident memory after `settle` ms without load, MB. */
export async function idleMemory(running: Running, settle = 1500): Promise<number> {
  await delay(settle)
  return memory(running).now
}
