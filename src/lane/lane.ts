import { Enrichment } from '../dataset/enrichment.ts'
import { Memory } from '../event/memory.ts'
import type { Culprit } from '../grok/guard.ts'
import { CaptureWriter } from '../receive/capture.ts'
import type { Sender } from '../receive/sender.ts'
import { ArchiveLines } from './archive-lines.ts'
import { LaneBatches } from './batches.ts'
import { ARCHIVE_LINES, BYTES, JOINED, KERNEL_DROPS, LaneCounters, RECEIVED, REFUSED } from './counters.ts'
import { LaneEvents } from './events.ts'
import { type HeldLine, LineJoiner } from './joiner.ts'
import { LineReader } from './line-reader.ts'
import { LineRouter } from './line-router.ts'
import type { LaneOptions } from './options.ts'
import type { LaneOutlet } from './outlet.ts'
import { ParsedLine } from './parsed-line.ts'
import { type SharedDatasets, sharedDatasets } from './shared-datasets.ts'
import type { LineSink } from './sink.ts'
import { GUARDED, type Step, TOGETHER, takeSteps } from './steps.ts'

const REPORT_MILLIS = 1000
/**
 * From the bytes of a line to its place in the archive and in a batch: one stream, one thread, nothing shared.
 * The order below is the way of a line.
 */
export class Lane implements LineSink {
  readonly counters: LaneCounters
  readonly #values: Float64Array
  readonly #outlet: LaneOutlet
  readonly #router: LineRouter
  readonly #reader: LineReader
  readonly #shared: SharedDatasets | null
  readonly #together: number
  /** Lines that are read together; those before `#noted` are waiting for it. */
  readonly #parsed: ParsedLine[] = []
  /** What datasets make of lines that are read together. */
  readonly #enrichments: Enrichment[] = []
  #noted = 0
  /** That the newest line is in. */
  #memory = new Memory(new Uint8Array(0))
  /** Lines that are still to come of those announced. */
  #announced = 0
  readonly #archive = new ArchiveLines()
  readonly #batches: LaneBatches
  readonly #joiner = new LineJoiner()
  /** Lines that were held and are to become events. */
  readonly #ready: HeldLine[] = []
  readonly #events: LaneEvents
  readonly #capture: CaptureWriter | null
  /** Number of the newest line in its stream. */
  #lines: number
  #reportAt = 0

  constructor(options: LaneOptions, outlet: LaneOutlet) {
    this.#outlet = outlet
    const shared = sharedDatasets(options.datasets)
    this.#shared = shared
    this.#together = shared?.guard ? GUARDED : TOGETHER
    this.#router = new LineRouter(options, this.#archive, shared?.datasets ?? null)
    const dropRules = options.routes.filter((route) => route.drop).map((route) => route.name)
    const outputs = options.outputs.map(({ name }) => name)
    this.counters = new LaneCounters(outputs, dropRules)
    this.#values = this.counters.values
    const batches = new LaneBatches(options, dropRules, this.counters, outlet)
    this.#batches = batches
    this.#events = new LaneEvents(options, batches, this.counters, outlet)
    this.#reader = new LineReader(options, this.#router, {
      wanted: (slot) => batches.wants(slot),
      gaveUp: () => shared?.guard?.gaveUp ?? false,
    })
    this.#capture = options.capture
      ? CaptureWriter.open(options.capture.path, { maxBytes: options.capture.maxBytes, onStop: outlet.captureStopped })
      : null
    this.#lines = options.resume?.sequence ?? 0
  }

  /** Counts a receive call's datagrams and keeps the counters, before any of them is parsed. */
  received(datagrams: number, bytes: number, refused: number): void {
    this.count(datagrams, bytes)
    this.#values[REFUSED] += refused
    this.#announced += datagrams - refused
    this.#outlet.counters(this.#values)
  }

  count(lines: number, bytes: number): void {
    this.#values[RECEIVED] += lines
    this.#values[BYTES] += bytes
  }

  push(
    bytes: Uint8Array,
    start: number,
    end: number,
    sender: Sender,
    receivedAt: number,
    truncated = false,
    position?: { key: string; value: unknown },
  ): void {
    const line = this.#lineAt(this.#noted++)
    if (bytes !== this.#memory.bytes) this.#memory = new Memory(bytes)
    line.memory = this.#memory
    line.start = start
    line.end = end
    line.from = sender
    line.receivedAt = receivedAt
    line.truncated = truncated
    line.position = position === undefined ? null : { key: position.key, value: position.value }
    if (this.#noted >= this.#announced || this.#noted === this.#together) this.#process()
  }

  /** All that `push` hands over is taken like a receive call's datagrams. */
  together(push: () => void): void {
    this.#announced = Number.POSITIVE_INFINITY
    push()
    this.#announced = 0
    if (this.#noted > 0) this.#process()
  }

  /** Takes all lines noted, in two steps: reading may be stopped and begun again, the rest must not be. */
  #process(): void {
    const count = this.#noted
    this.#noted = 0
    this.#announced = Math.max(0, this.#announced - count)
    this.#read(count, this.#readNoted)
    for (let i = 0; i < count; i++) this.#take(this.#parsed[i], i)
    this.#giveOut()
    this.#batches.closeComplete()
    if (!this.#archive.overgrown) return
    this.#handOnArchive()
    this.#router.reset()
  }

  readonly #readNoted: readonly Step[] = [
    (i) => this.#reader.read(this.#parsed[i]),
    (i) => this.#reader.parse(this.#parsed[i], this.#enrichmentAt(i)),
    (i) => this.#reader.write(this.#parsed[i]),
  ]

  #read(count: number, steps: readonly Step[]): void {
    const shared = this.#shared
    if (shared?.guard) shared.blame = (culprit) => this.#blame(culprit)
    takeSteps(count, steps, shared?.guard ?? null)
  }

  #lineAt(i: number): ParsedLine {
    this.#parsed[i] ??= new ParsedLine()
    return this.#parsed[i]
  }

  #enrichmentAt(i: number): Enrichment {
    this.#enrichments[i] ??= new Enrichment()
    return this.#enrichments[i]
  }

  /** Keeps the line, and makes its event, or holds it back while it may go on. */
  #take(line: ParsedLine, i: number): void {
    const { multiline, position } = line
    // Every line has a number, so that the ids of a file that is read again are the same.
    line.number = ++this.#lines
    this.#keep(line)
    if (multiline === null) this.#events.write(line)
    else if (line.continues && this.#joiner.join(line, multiline)) this.#values[JOINED]++
    else {
      const before = this.#joiner.take(line)
      if (before !== null) this.#ready.push(before)
      this.#parsed[i] = this.#joiner.hold(line, multiline)
      this.#takeDue(Number.NEGATIVE_INFINITY)
    }
    // Not before: a batch that the line itself made close must not carry its position.
    if (position === null) return
    const newestHeld = this.#ready.length > 0 ? this.#lines : this.#joiner.newest
    this.#batches.positions.add(this.#lines, position, newestHeld)
  }

  /** Writes the line to the capture and to its files. */
  #keep(line: ParsedLine): void {
    const { start, end, header, from, receivedAt, kind } = line
    const { bytes } = line.memory
    this.#capture?.record(bytes, start, end, from.address, receivedAt)
    const { files } = kind
    line.path = null
    if (files.length === 0) return
    this.#router.place(kind, line, Number.isNaN(header.time) ? receivedAt : header.time)
    line.path = kind.path
    for (let i = 0; i < files.length; i++) {
      this.#archive.add(files[i], bytes, header.lineStart, header.lineEnd)
      this.#values[ARCHIVE_LINES]++
    }
    if (this.#archive.full) this.#handOnArchive()
  }

  #takeDue(now: number): void {
    for (let held = this.#joiner.takeDue(now); held !== null; held = this.#joiner.takeDue(now)) this.#ready.push(held)
  }

  /** Makes the events of lines that were held; the lines are in their files already. */
  #giveOut(): void {
    const ready = this.#ready
    while (ready.length > 0) {
      const count = Math.min(this.#together, ready.length)
      this.#read(count, this.#readReady)
      for (let i = 0; i < count; i++) {
        this.#events.write(ready[i].line)
        this.#joiner.giveBack(ready[i])
      }
      if (ready.length === count) ready.length = 0
      else ready.splice(0, count)
    }
    this.#batches.positions.release(this.#joiner.oldest)
  }

  readonly #readReady: readonly Step[] = [
    (i) => this.#reader.parseHeld(this.#ready[i], this.#enrichmentAt(i)),
    (i) => this.#reader.write(this.#ready[i].line),
  ]

  /** A pattern took too long: it is not tried on lines of the program for a while. */
  #blame({ pattern, program, cpuMillis, asideUntil }: Culprit): void {
    this.#router.timedOut(pattern.name)
    this.#outlet.setAside?.({ pattern: pattern.name, program, cpuMillis, until: asideUntil })
  }

  #handOnArchive(): void {
    if (!this.#archive.empty) this.#outlet.archive(this.#archive.take())
  }

  /** Closes what is due. Returns ms until the next tick is wanted. */
  tick(now: number): number {
    if (now >= this.#joiner.due || this.#noted > 0) {
      this.#takeDue(now)
      this.#process()
    }
    if (now >= this.#batches.due || (now >= this.#reportAt && !this.#archive.empty)) {
      this.#batches.closeDue(now)
      this.#handOnArchive()
    }
    if (now >= this.#reportAt) {
      this.#reportAt = now + REPORT_MILLIS
      this.#report()
    }
    return Math.max(0, Math.min(this.#batches.due, this.#reportAt, this.#joiner.due) - now)
  }

  /** True when nothing waits to be handed on or reported. */
  get idle(): boolean {
    return (
      this.#batches.due === Number.POSITIVE_INFINITY &&
      !this.#batches.pool.hasSpare &&
      this.#archive.empty &&
      this.#events.seen.empty &&
      this.#joiner.empty
    )
  }

  /** Closes and hands on everything. */
  flush(): void {
    this.#process()
    this.#takeDue(Number.POSITIVE_INFINITY)
    this.#giveOut()
    this.#batches.closeAll()
    this.#handOnArchive()
    this.#report()
  }

  #report(): void {
    const reports = this.#events.seen.take()
    if (reports.length > 0) this.#outlet.seen(reports)
    this.#batches.handOnPositions()
    this.#batches.pool.trim()
    if (this.#outlet.patterns !== undefined) {
      const counts = this.#router.takePatternCounts()
      if (counts.length > 0) this.#outlet.patterns(counts)
    }
    this.#outlet.counters(this.#values)
    this.#capture?.flush()
  }

  kernelDrops(total: number): void {
    this.#values[KERNEL_DROPS] = total
  }

  /** From now on events of these hosts are discarded and counted, as the buffer is nearly full; null: of none. */
  shed(hosts: ReadonlySet<string> | null): void {
    this.#events.shedHosts = hosts
  }

  get full(): boolean {
    return this.#batches.pool.empty
  }

  whenReady(): Promise<void> {
    return this.#batches.pool.whenReady()
  }

  /** @param body a batch's, whose memory is the lane's again; null: the batch is gone, its memory somebody else's */
  giveBack(body: Uint8Array | null): void {
    this.#batches.pool.give(body)
  }
}
