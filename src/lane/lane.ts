import type { ArchivePart } from '../archive/archive.ts'
import type { Enrichment } from '../dataset/enrichment.ts'
import type { PatternCounts } from '../dataset/pattern-counters.ts'
import type { Line } from '../event/line.ts'
import { CaptureWriter } from '../receive/capture.ts'
import type { Sender } from '../receive/sender.ts'
import { FLAG_DATE_OUT_OF_RANGE, FLAG_TRUNCATED, Header } from '../syslog/header.ts'
import { parseHeader, parseWhole } from '../syslog/parse.ts'
import type { Zone } from '../syslog/zone.ts'
import { ArchiveLines } from './archive-lines.ts'
import { type BatchesOutlet, LaneBatches } from './batches.ts'
import { ARCHIVE_LINES, BYTES, JOINED, KERNEL_DROPS, LaneCounters, RECEIVED, REFUSED } from './counters.ts'
import { type HeldLine, LineJoiner } from './joiner.ts'
import { LineRouter } from './line-router.ts'
import { dayOf } from './open-batch.ts'
import type { LaneOptions } from './options.ts'
import { type SeenReport, SeenSlots } from './seen.ts'
import { type SenderNote, SenderNotes } from './senders.ts'
import type { LineSink } from './sink.ts'
import type { Slot } from './sources.ts'
import { ZoneRules } from './zone-rules.ts'

/** Where a lane hands on what it finished: a port on a thread of its own, the engine on the main thread. */
export interface LaneOutlet extends BatchesOutlet {
  archive(parts: ArchivePart[]): void
  seen(reports: SeenReport[]): void
  /** What patterns did since the report before. */
  patterns?(counts: PatternCounts[]): void
  /** Keeps the counters where they survive a kill. Called before the lines they count are looked at. */
  counters(values: Float64Array): void
  captureStopped(reason: string): void
}

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
  readonly #header = new Header()
  readonly #line: Line
  readonly #zones: ZoneRules
  readonly #senders: SenderNotes
  readonly #archive = new ArchiveLines()
  readonly #batches: LaneBatches
  readonly #joiner = new LineJoiner()
  readonly #seen = new SeenSlots()
  readonly #whole: boolean
  readonly #capture: CaptureWriter | null
  readonly #back: number
  readonly #ahead: number
  #shedHosts: ReadonlySet<string> | null = null
  #zone: Zone
  #lines = 0
  #reportAt = 0

  constructor(options: LaneOptions, outlet: LaneOutlet) {
    this.#outlet = outlet
    this.#router = new LineRouter(options, this.#archive)
    const dropRules = options.routes.filter((route) => route.drop).map((route) => route.name)
    const outputs = options.outputs.map(({ name }) => name)
    this.counters = new LaneCounters(outputs, dropRules)
    this.#values = this.counters.values
    this.#zones = new ZoneRules(options.timezone, options.senders)
    this.#zone = this.#zones.input
    this.#senders = new SenderNotes(this.#zones)
    this.#batches = new LaneBatches(options, dropRules, this.counters, outlet)
    this.#capture = options.capture
      ? CaptureWriter.open(options.capture.path, { maxBytes: options.capture.maxBytes, onStop: outlet.captureStopped })
      : null
    this.#whole = options.fixed !== undefined
    this.#back = options.window.back
    this.#ahead = options.window.ahead
    const nothing = new Uint8Array(0)
    const source = { host: '', program: '', sender: '', priority: 13, pieces: null }
    const line = { bytes: nothing, start: 0, header: this.#header, time: 0, receivedAt: 0, routes: nothing }
    this.#line = { ...line, source, enrichment: null, path: null }
  }

  /** Counts a receive call's datagrams and keeps the counters, before any of them is parsed. */
  received(datagrams: number, bytes: number, refused: number): void {
    this.count(datagrams, bytes)
    this.#values[REFUSED] += refused
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
    const header = this.#header
    const note = this.#senders.of(sender)
    const slot = this.#read(bytes, start, end, note, receivedAt)
    if (truncated) header.flags |= FLAG_TRUNCATED
    // Before anything is counted or kept: what a pattern can't finish may be begun again.
    const wanted = this.#batches.wants(slot)
    const multiline = wanted ? this.#router.multiline(slot) : null
    if (multiline !== null) {
      const key = this.#keyOf(bytes, slot, note)
      const held = this.#joiner.find(key, receivedAt, multiline.max)
      const joins =
        held !== undefined &&
        this.#router.continues(bytes, header, slot, multiline.continues) &&
        this.#joiner.join(held, bytes.subarray(header.messageStart, header.lineEnd), receivedAt + multiline.within)
      if (joins) {
        this.#values[JOINED]++
        this.#keep(slot, bytes, start, end, sender, receivedAt)
      } else {
        const before = this.#joiner.take(key)
        if (before !== undefined) {
          this.#giveOut(before)
          this.#read(bytes, start, end, note, receivedAt)
        }
        this.#keep(slot, bytes, start, end, sender, receivedAt)
        const due = receivedAt + multiline.within
        const line = { key, sender, receivedAt, truncated, due, number: this.#lines + 1 }
        this.#joiner.hold(line, bytes.subarray(start, header.lineEnd))
        this.#giveOutDue(Number.NEGATIVE_INFINITY)
      }
    } else {
      const enrichment = wanted ? this.#router.enrich(bytes, header, slot, receivedAt, this.#zone) : null
      this.#keep(slot, bytes, start, end, sender, receivedAt)
      this.#event(slot, enrichment, bytes, start, receivedAt)
    }
    this.#lines++
    // Not before: a batch that the line itself made close must not carry its position.
    if (position !== undefined) this.#batches.positions.add(this.#lines, position, this.#joiner.newest)
    if (wanted) this.#batches.closeComplete()
  }

  /** Reads the header, and finds what is known of such lines. */
  #read(bytes: Uint8Array, start: number, end: number, note: SenderNote, receivedAt: number): Slot {
    const header = this.#header
    this.#zone = note.zone
    if (this.#whole) parseWhole(header, bytes, start, end)
    else parseHeader(header, bytes, start, end, receivedAt, note.zone)
    const slot = this.#router.find(bytes, header, note, Number.isNaN(header.time) ? receivedAt : header.time)
    const hostZone = this.#zones.ofHost(slot.source.host)
    if (hostZone === null) return slot
    this.#zone = hostZone
    if (this.#whole) return slot
    parseHeader(header, bytes, start, end, receivedAt, hostZone)
    return this.#router.find(bytes, header, note, Number.isNaN(header.time) ? receivedAt : header.time)
  }

  /** Writes the line to the capture and to its files. */
  #keep(slot: Slot, bytes: Uint8Array, start: number, end: number, sender: Sender, receivedAt: number): void {
    this.#capture?.record(bytes, start, end, sender.address, receivedAt)
    const { files } = slot
    if (files.length === 0) return
    const { lineStart, lineEnd } = this.#header
    for (let i = 0; i < files.length; i++) {
      this.#archive.add(files[i], bytes, lineStart, lineEnd)
      this.#values[ARCHIVE_LINES]++
    }
    if (this.#archive.full) this.#handOnArchive()
  }

  /** Makes the event of what `#read` has read last. */
  #event(slot: Slot, enrichment: Enrichment | null, bytes: Uint8Array, start: number, receivedAt: number): void {
    const line = this.#line
    const { header } = line
    if (enrichment !== null && !Number.isNaN(enrichment.time)) header.time = enrichment.time
    line.time = this.#timeOf(slot, receivedAt)
    this.#seen.add(slot)
    if (this.#seen.full) this.#outlet.seen(this.#seen.take())
    if (!this.#batches.wants(slot)) this.#batches.skip(slot)
    else if (this.#shedHosts?.has(slot.source.host) === true) this.#batches.shed(slot)
    else {
      line.bytes = bytes
      line.start = start
      line.receivedAt = receivedAt
      line.source = slot.source
      line.enrichment = enrichment
      line.path = slot.path
      line.routes = slot.routes
      this.#batches.add(line, slot, dayOf(header.flags & FLAG_DATE_OUT_OF_RANGE ? receivedAt : line.time))
    }
    if (header.flags !== 0) this.#countFlags(header.flags)
  }

  /** Sender, host, program and pid. */
  #keyOf(bytes: Uint8Array, { source }: Slot, note: SenderNote): string {
    const { pidStart, pidEnd } = this.#header
    const pid =
      pidStart < 0 ? '' : Buffer.from(bytes.buffer, bytes.byteOffset + pidStart, pidEnd - pidStart).toString('latin1')
    return `${note.index}\n${source.host}\n${source.program}\n${pid}`
  }

  /** Makes the event of a line that was held back; it is in its files already. */
  #giveOut({ bytes, used, sender, receivedAt, truncated }: HeldLine): void {
    const slot = this.#read(bytes, 0, used, this.#senders.of(sender), receivedAt)
    if (truncated) this.#header.flags |= FLAG_TRUNCATED
    const enrichment = this.#router.enrich(bytes, this.#header, slot, receivedAt, this.#zone)
    this.#event(slot, enrichment, bytes, 0, receivedAt)
    this.#batches.positions.release(this.#joiner.oldest)
  }

  #giveOutDue(now: number): void {
    for (let held = this.#joiner.takeDue(now); held !== undefined; held = this.#joiner.takeDue(now)) this.#giveOut(held)
  }

  /** The event's time; remembers how far the sender's clock is off, and flags a day too far from reception. */
  #timeOf(slot: Slot, receivedAt: number): number {
    const { time } = this.#header
    if (Number.isNaN(time)) return receivedAt
    slot.source.skew = receivedAt - time
    if (time < dayOf(receivedAt) - this.#back || time > receivedAt + this.#ahead) {
      this.#header.flags |= FLAG_DATE_OUT_OF_RANGE
    }
    return time
  }

  #countFlags(flags: number): void {
    for (let bit = 0, left = flags; left !== 0; bit++, left >>>= 1)
      if (left & 1) this.#values[this.counters.flags + bit]++
  }

  #handOnArchive(): void {
    if (!this.#archive.empty) this.#outlet.archive(this.#archive.take())
    if (this.#archive.overgrown) this.#router.reset()
  }

  /** Closes what is due. Returns ms until the next tick is wanted. */
  tick(now: number): number {
    if (now >= this.#joiner.due) {
      this.#giveOutDue(now)
      this.#batches.closeComplete()
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
      this.#batches.due === Number.POSITIVE_INFINITY && this.#archive.empty && this.#seen.empty && this.#joiner.empty
    )
  }

  /** Closes and hands on everything. */
  flush(): void {
    this.#giveOutDue(Number.POSITIVE_INFINITY)
    this.#batches.closeAll()
    this.#handOnArchive()
    this.#report()
  }

  #report(): void {
    const reports = this.#seen.take()
    if (reports.length > 0) this.#outlet.seen(reports)
    this.#batches.handOnPositions()
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
    this.#shedHosts = hosts
  }

  get full(): boolean {
    return this.#batches.pool.empty
  }

  whenReady(): Promise<void> {
    return this.#batches.pool.whenReady()
  }

  giveBack(buffer: ArrayBuffer | null): void {
    this.#batches.pool.give(buffer)
  }
}
