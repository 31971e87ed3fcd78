import { UserError } from '../errors.ts'
import type { Datagrams } from './datagrams.ts'
import type { Format } from './format.ts'
import { inputSize, openInput } from './input.ts'
import { type Clock, type Pace, Pacer } from './pace.ts'
import { type ReadOptions, readDatagrams } from './read.ts'
import { type DatagramSender, openSender, type SenderCounts, type SenderOptions } from './sender.ts'

/** Inputs up to this size are read before the first datagram goes: the total is known then, and loops cost nothing. */
const PRELOAD_BYTES = 32 * 1024 * 1024

/** After a signal the target may take so long for what is on its way. */
const STOP_MS = 1000

export interface ReplayOptions extends SenderOptions {
  /** Paths, `-` for stdin. */
  files: readonly string[]
  /** See `openSender`. */
  to: string
  format?: Format
  pri: number | null
  stamp?: ReadOptions['stamp']
  pace: Pace
  /** How often all files are sent; Infinity: until the signal. */
  passes: number
  /** Datagrams in all; Infinity: no limit. */
  limit: number
  signal: AbortSignal
  clock?: Clock
  /** Called once, before the first datagram goes. */
  watch?(progress: ReplayProgress): void
}

/** A replay under way; read it as often as needed. */
export interface ReplayProgress {
  counts: Readonly<SenderCounts>
  /** 0 to 1, or null when nobody can know (pipes, endless loops). */
  fraction(): number | null
}

export interface ReplaySummary extends SenderCounts {
  seconds: number
  /** Sent per second. */
  rate: number
  /** What was not sent, and how often. */
  skipped: Record<string, number>
  /** The signal came before the end. */
  interrupted: boolean
}

/**
 * Sends the datagrams of files to a target.
 * @throws UserError for unreadable or broken inputs (small ones: before anything is sent) and unreachable targets.
 */
export async function replay(options: ReplayOptions): Promise<ReplaySummary> {
  if (options.files.includes('-') && options.passes > 1) {
    throw new UserError('--loop needs files: stdin can be read only once', 2)
  }
  const run = new Replay(options)
  await run.prepare()
  const sender = await openSender(options.to, options)
  const started = performance.now()
  try {
    await untilAborted(
      run.send(sender).then(() => sender.close()),
      options.signal,
    )
    if (options.signal.aborted) await sender.close(STOP_MS)
  } catch (error) {
    // The first failure is the one to tell.
    await sender.close(0).catch(() => {})
    throw error
  }
  const seconds = (performance.now() - started) / 1000
  const { counts } = sender
  return {
    ...counts,
    seconds,
    rate: counts.sent / seconds,
    skipped: Object.fromEntries(run.skipped),
    interrupted: options.signal.aborted,
  }
}

class Replay {
  readonly skipped = new Map<string, number>()
  readonly #options: ReplayOptions
  /** Everything, if it is little. */
  #preloaded: Datagrams[] | null = null
  /** Bytes of all files together; null: unknown. */
  #size: number | null = 0
  /** Bytes of the files that were read to their end. */
  #finished = 0
  #position = () => 0
  /** Datagrams given to the sender. */
  #given = 0

  constructor(options: ReplayOptions) {
    this.#options = options
  }

  /** Finds out how much there is, and reads it if it is little. */
  async prepare(): Promise<void> {
    for (const file of this.#options.files) {
      const size = await inputSize(file)
      this.#size = size === null || this.#size === null ? null : this.#size + size
    }
    if (this.#size === null || this.#size > PRELOAD_BYTES) return
    this.#preloaded = await this.#preload()
    // Otherwise they are counted while sending.
    if (this.#preloaded === null) this.skipped.clear()
    this.#finished = 0
  }

  async send(sender: DatagramSender): Promise<void> {
    const { pace, clock, passes, signal } = this.#options
    const pacer = pace === 'max' ? null : new Pacer(pace, clock)
    this.#options.watch?.({ counts: sender.counts, fraction: () => this.#fraction() })
    for (let pass = 0; pass < passes && !this.#ended(); pass++) {
      const before = this.#given
      pacer?.restart()
      for await (const datagrams of this.#preloaded ?? this.#read()) {
        await this.#sendSome(datagrams, sender, pacer, signal)
        if (this.#ended()) return
      }
      if (this.#given === before) throw new UserError(`nothing to send in ${this.#options.files.join(', ')}`)
    }
  }

  async #sendSome(all: Datagrams, sender: DatagramSender, pacer: Pacer | null, signal: AbortSignal): Promise<void> {
    const { pace, limit } = this.#options
    const datagrams = all.first(limit - this.#given)
    const give = async (from: number, to: number): Promise<void> => {
      await sender.send(datagrams, from, to)
      this.#given += to - from
    }
    if (pacer !== null) {
      if (this.#given === 0 && pace !== 'max' && 'speed' in pace) requireTimes(datagrams)
      await pacer.play(datagrams, give, signal)
    } else await give(0, datagrams.count)
  }

  async *#read(): AsyncGenerator<Datagrams, void, undefined> {
    for (const file of this.#options.files) {
      const input = await openInput(file)
      this.#position = input.position
      const skipped = (count: number, what: string) => {
        this.skipped.set(what, (this.skipped.get(what) ?? 0) + count)
      }
      for await (const datagrams of readDatagrams(input, { ...this.#options, skipped })) {
        if (datagrams.count > 0) yield datagrams
      }
      this.#finished += input.position()
      this.#position = () => 0
    }
  }

  /** Null: it was more than it seemed, being compressed. */
  async #preload(): Promise<Datagrams[] | null> {
    const all: Datagrams[] = []
    let bytes = 0
    for await (const datagrams of this.#read()) {
      // Several may share one buffer.
      if (datagrams.bytes !== all.at(-1)?.bytes) bytes += datagrams.bytes.length
      if (bytes > PRELOAD_BYTES) return null
      all.push(datagrams)
    }
    return all
  }

  #ended(): boolean {
    return this.#given >= this.#options.limit || this.#options.signal.aborted
  }

  #fraction(): number | null {
    const { limit, passes } = this.#options
    const fractions: number[] = []
    if (limit < Number.POSITIVE_INFINITY) fractions.push(this.#given / limit)
    if (passes < Number.POSITIVE_INFINITY) {
      if (this.#preloaded !== null) fractions.push(this.#given / (countOf(this.#preloaded) * passes))
      else if (this.#size !== null) fractions.push((this.#finished + this.#position()) / (this.#size * passes))
    }
    return fractions.length === 0 ? null : Math.min(1, Math.max(...fractions))
  }
}

function countOf(batches: Datagrams[]): number {
  return batches.reduce((sum, { count }) => sum + count, 0)
}

function requireTimes({ times, count }: Datagrams): void {
  if (times.some((time) => !Number.isNaN(time))) return
  throw new UserError(
    `--speed goes by recorded times, and the first ${count} datagrams have none; say --rate instead, e.g. --rate 1000/s`,
  )
}

/** Also ends when a read (a quiet pipe) or a send (a peer that does not read) would never do. */
async function untilAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  const stop = Promise.withResolvers<void>()
  signal.addEventListener('abort', () => stop.resolve(), { once: true })
  if (signal.aborted) stop.resolve()
  await Promise.race([work, stop.promise])
  // What it fails with after the stop is of no interest.
  work.catch(() => {})
}
