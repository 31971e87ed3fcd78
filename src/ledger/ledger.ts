import { mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { BatchBuffer, Tally } from '../buffer/buffer.ts'
import type { SeenReport } from '../lane/seen.ts'
import { errorCode, replaceFile } from './files.ts'
import { add, addFlow, type Counters, type Flow, flowOf, handedOn, noFlow, sum } from './flows.ts'
import type { OnHappening } from './happening.ts'
import type { Marks } from './marks.ts'
import { type LedgerReport, makeReport } from './report.ts'
import { StreamFile } from './stream-file.ts'
import { emptyTotals, parseTotals, type Totals } from './totals.ts'

/** What a buffer that keeps its batches over a restart tells of those that wait. */
export interface KeptBatches extends BatchBuffer {
  buffered(): Iterable<{ output: string; stream: string; count: number; tally: Tally }>
}

export interface LedgerOptions {
  dir: string
  outputs: readonly string[]
  /** What became of batches on this machine: settled, or handed on to a buffer elsewhere (then with `taken`). */
  marks: Marks
  /** What waits on this machine. */
  buffer: KeptBatches
  /** What this process took from a buffer elsewhere, and settled. */
  taken?: Marks | null
  onHappening: OnHappening
}

const SAVE_MILLIS = 2000
/** Hosts are named by strangers. */
const MOST_HOSTS = 10_000

/**
 * The sum of what was received and what became of it, over all starts. It is made of durable parts that each step
 * writes for itself: the streams' counter files (received), the buffer (waiting), the marks (settled); the file
 * `totals.json` holds the sums of streams that are over.
 */
export class Ledger {
  readonly #dir: string
  readonly #outputs: readonly string[]
  readonly #marks: Marks
  readonly #buffer: KeptBatches
  readonly #taken: Marks | null
  readonly #totals: Totals
  /** Difference of reception from the senders' own time, by host, ms. */
  readonly #skews = new Map<string, number>()
  #saver: NodeJS.Timeout | undefined
  #saving: Promise<void> = Promise.resolve()

  private constructor({ dir, outputs, marks, buffer, taken }: LedgerOptions, totals: Totals) {
    this.#dir = dir
    this.#outputs = outputs
    this.#marks = marks
    this.#buffer = buffer
    this.#taken = taken ?? null
    this.#totals = totals
  }

  /** Opens the ledger and closes the accounts of the streams of earlier starts: what is missing in them is lost. */
  static async open(options: LedgerOptions): Promise<{ ledger: Ledger; crash: Record<string, number> }> {
    const { dir } = options
    await mkdir(join(dir, 'streams'), { recursive: true })
    const ledger = new Ledger(options, await load(dir))
    // What can't be read is put away and told.
    await StreamFile.readAll(ledger.streams, options.onHappening)
    const crash = await ledger.#closeStreams()
    ledger.#saver = setInterval(() => void ledger.save(), SAVE_MILLIS).unref()
    return { ledger, crash }
  }

  /** Directory of the streams' counter files. */
  get streams(): string {
    return join(this.#dir, 'streams')
  }

  /** The kernel's drop counter of a socket that earlier starts had, so that its old drops are not counted again. */
  socketDrops(inode: number, bootId: string): number {
    const socket = this.#totals.sockets[inode]
    return socket?.bootId === bootId ? socket.drops : 0
  }

  /** What the buffer holds and the marks count of a stream so far, by output: a resumed stream begins there. */
  appended(stream: string): Counters {
    return this.#appended().get(stream) ?? {}
  }

  /** Lines that no batch carries: dropped by rule, or for the archive alone. */
  seen(reports: readonly SeenReport[]): void {
    for (const { host, route, drop, lines, archivedOnly, skew } of reports) {
      const { hosts, routes } = this.#totals
      if (!Number.isNaN(skew)) {
        if (this.#skews.size >= MOST_HOSTS) this.#skews.clear()
        this.#skews.set(host, skew)
      }
      if (drop === null && !archivedOnly) continue
      const name = host in hosts || Object.keys(hosts).length < MOST_HOSTS ? host : '(other hosts)'
      hosts[name] ??= { dropped: 0, archivedOnly: 0 }
      routes[route] ??= { dropped: 0, archivedOnly: 0 }
      const what = drop === null ? 'archivedOnly' : 'dropped'
      hosts[name][what] += lines
      routes[route][what] += lines
    }
  }

  /** Events of a batch that could not be kept: they are lost, for that reason, whatever else happens. */
  async lost(reason: string, batch: { output: string; stream: string; number: number; count: number; tally: Tally }) {
    const { output, stream, number, count, tally } = batch
    const lost = { [reason]: count }
    await this.#marks.record({
      output,
      stream,
      number,
      part: 0,
      count,
      done: 0,
      duplicate: 0,
      dead: 0,
      lost,
      retry: 0,
      tally,
    })
  }

  archived(counts: { lines: number; failed: Record<string, number>; overflowed: number }): void {
    const { archive } = this.#totals
    archive.lines += counts.lines
    archive.overflowed += counts.overflowed
    add(archive.failed, counts.failed)
  }

  async report(): Promise<LedgerReport> {
    // In this order, against the way of an event: one that moves on meanwhile is in hand for a moment, never in two sums.
    const marks = this.#marks.totals()
    const buffered = [...this.#buffer.buffered()]
    const depths = await Promise.all(this.#outputs.map(async (name) => [name, await this.#buffer.depth(name)] as const))
    const inputs: Record<string, Counters> = structuredClone(this.#totals.inputs)
    const flows = new Map<string | null, Flow>()
    for (const name of this.#outputs.length === 0 ? [null] : this.#outputs) {
      flows.set(name, structuredClone(this.#totals.flows[name ?? ''] ?? noFlow()))
    }
    for (const { meta, counters } of await StreamFile.readAll(this.streams)) {
      if (!meta.replay) {
        inputs[meta.input] ??= {}
        add(inputs[meta.input], counters)
      }
      for (const [output, flow] of flows) {
        const own = flowOf(counters, output)
        if (own !== null) addFlow(flow, own)
      }
    }
    const { archive, hosts, routes } = this.#totals
    return makeReport({
      inputs,
      flows,
      depths: new Map(depths),
      marks,
      taken: this.#taken?.totals() ?? null,
      buffered,
      hosts,
      routes,
      archive,
      skews: this.#skews,
    })
  }

  /** Writes the totals, so that what batches do not carry is not lost with a crash. */
  async save(): Promise<void> {
    await this.#writeTotals().catch(() => {
      // A disk that is full or gone: tried again in two seconds, and the totals are in memory.
    })
  }

  async close(): Promise<void> {
    clearInterval(this.#saver)
    await this.#closeStreams()
    await this.save()
  }

  /** Events per stream and output that are settled or wait in the buffer. */
  #appended(): Map<string, Counters> {
    const streams = new Map<string, Counters>()
    const count = (stream: string, output: string, events: number) => {
      const counters = streams.get(stream) ?? {}
      counters[output] = (counters[output] ?? 0) + events
      streams.set(stream, counters)
    }
    for (const { output, streams: marked } of this.#marks.totals()) {
      for (const { stream, done, duplicate, dead, lost } of marked) {
        count(stream, output, done + duplicate + dead + sum(lost))
      }
    }
    for (const { output, stream, count: events } of this.#buffer.buffered()) count(stream, output, events)
    return streams
  }

  /**
   * Adds the streams that are over to the totals. What such a stream received and neither handed on nor told of is
   * lost by a crash, exactly. The totals name the streams they hold, so that a crash in between counts none twice.
   */
  async #closeStreams(): Promise<Record<string, number>> {
    const totals = this.#totals
    const crashed: Record<string, number> = {}
    const appended = this.#appended()
    const files = await StreamFile.readAll(this.streams)
    for (const { file, meta, counters } of files) {
      if (totals.folded.includes(file)) continue
      if (!meta.replay) {
        totals.inputs[meta.input] ??= {}
        add(totals.inputs[meta.input], counters)
      }
      for (const output of Object.keys(flowNames(counters))) {
        const own = flowOf(counters, output === '' ? null : output)
        if (own === null) continue
        const missing = handedOn(own) - ((appended.get(meta.stream)?.[output] ?? 0) - (meta.before?.[output] ?? 0))
        // Lines of files are read again from the last durable position: they were not received yet. And a power cut can
        // leave counters that are older than what was appended: that much was received at least.
        // A dead letter that was not appended is one still.
        if (meta.replay) own.replayed -= missing
        else if (meta.rereads || missing < 0) own.received -= missing
        else if (missing !== 0) {
          own.lost.crash = (own.lost.crash ?? 0) + missing
          crashed[output] = (crashed[output] ?? 0) + missing
        }
        totals.flows[output] ??= noFlow()
        addFlow(totals.flows[output], own)
      }
      if (meta.socket !== undefined) {
        const { inode, bootId, dropsBefore } = meta.socket
        totals.sockets[inode] = { bootId, drops: dropsBefore + (counters.kernel_drops ?? 0) }
      }
      totals.folded.push(file)
    }
    this.#closeArchive()
    await this.#writeTotals()
    for (const { file, meta } of files) {
      await rm(join(this.streams, file), { force: true })
      // The stream of a file goes on, with the sums that it had.
      if (meta.before === undefined) await this.#marks.retire(meta.stream)
    }
    totals.folded = []
    return crashed
  }

  /** What lanes gave to the archive and nobody heard of again: what it writes is told of a second later. */
  #closeArchive(): void {
    const { archive, inputs } = this.#totals
    const given = Object.values(inputs).reduce((lines, { archive_lines: own = 0 }) => lines + own, 0)
    const known = archive.lines + sum(archive.failed) + archive.uncertain
    // A power cut can leave counters that are older than what was written.
    archive.uncertain += Math.max(0, given - known)
  }

  /** One write at a time, since all use the same name for the file that they write aside. */
  #writeTotals(): Promise<void> {
    const written = this.#saving.then(() => replaceFile(this.#dir, TOTALS, [Buffer.from(JSON.stringify(this.#totals))]))
    this.#saving = written.catch(() => {})
    return written
  }
}

const TOTALS = 'totals.json'

/** The outputs that a stream's counters tell of; '' for the archive alone. */
function flowNames(counters: Counters): Record<string, true> {
  const names = Object.keys(counters).flatMap((name) => (name.startsWith('skipped:') ? [name.slice(8)] : []))
  return Object.fromEntries((names.length === 0 ? [''] : names).map((name) => [name, true]))
}

async function load(dir: string): Promise<Totals> {
  try {
    return parseTotals(await readFile(join(dir, TOTALS), 'utf8'))
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error
    return emptyTotals()
  }
}
