import type { ArchivePart } from '../archive/archive.ts'
import type { Batch } from '../buffer/buffer.ts'
import type { Enrichment } from '../dataset/enrichment.ts'
import { EcsShape } from '../event/ecs.ts'
import { EventIds } from '../event/ids.ts'
import type { Line } from '../event/line.ts'
import { LogstashShape } from '../event/logstash.ts'
import { CaptureWriter } from '../receive/capture.ts'
import type { Sender } from '../receive/sender.ts'
import { FLAG_DATE_OUT_OF_RANGE, FLAG_TRUNCATED, Header } from '../syslog/header.ts'
import { parseHeader, parseWhole } from '../syslog/parse.ts'
import { ArchiveLines } from './archive-lines.ts'
import { BufferPool } from './buffer-pool.ts'
import { ARCHIVE_LINES, ARCHIVED_ONLY, BYTES, KERNEL_DROPS, LaneCounters, RECEIVED, REFUSED } from './counters.ts'
import { LineRouter } from './line-router.ts'
import { dayOf, OpenBatch } from './open-batch.ts'
import type { LaneOptions } from './options.ts'
import { type SeenReport, SeenSlots } from './seen.ts'
import { SenderNotes } from './senders.ts'
import type { LineSink } from './sink.ts'
import type { Slot } from './sources.ts'
import { ZoneRules } from './zone-rules.ts'

/** Where a lane hands on what it finished: a port on a thread of its own, the engine on the main thread. */
export interface LaneOutlet {
  /** A closed batch. Its body's buffer is the outlet's until `Lane.giveBack`. */
  batch(batch: Batch): void
  archive(parts: ArchivePart[]): void
  /** Reading positions that become safe once all batches handed on so far are. */
  positions(positions: Record<string, unknown>): void
  seen(reports: SeenReport[]): void
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
  readonly #ids: EventIds
  readonly #zones: ZoneRules
  readonly #senders: SenderNotes
  readonly #archive = new ArchiveLines()
  readonly #pool: BufferPool
  readonly #batches: OpenBatch[]
  readonly #seen = new SeenSlots()
  /** By decision index: which open batches a line goes to, and which counters it moves. */
  readonly #targets: OpenBatch[][] = []
  readonly #moved: Int32Array[] = []
  readonly #dropRules: string[]
  readonly #whole: boolean
  readonly #capture: CaptureWriter | null
  readonly #back: number
  readonly #ahead: number
  #shedHosts: ReadonlySet<string> | null = null
  readonly #positions = new Map<string, unknown>()
  #dueAt = Number.POSITIVE_INFINITY
  #reportAt = 0

  constructor(options: LaneOptions, outlet: LaneOutlet) {
    this.#outlet = outlet
    this.#router = new LineRouter(options, this.#archive)
    this.#dropRules = options.routes.filter((route) => route.drop).map((route) => route.name)
    const outputs = options.outputs.map(({ name }) => name)
    this.counters = new LaneCounters(outputs, this.#dropRules)
    this.#values = this.counters.values
    this.#ids = new EventIds(options.stream, options.resume?.sequence)
    this.#zones = new ZoneRules(options.timezone, options.senders)
    this.#senders = new SenderNotes(this.#zones)
    this.#pool = new BufferPool(options.credits)
    const shape = options.shape === 'ecs' ? new EcsShape() : new LogstashShape()
    this.#batches = options.outputs.map(({ name, index }, place) => {
      const lastNumber = options.resume?.numbers[name] ?? 0
      return new OpenBatch({ output: name, place, stream: options.stream, lastNumber, pool: this.#pool, shape, index })
    })
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
    let { zone } = note
    if (this.#whole) parseWhole(header, bytes, start, end)
    else parseHeader(header, bytes, start, end, receivedAt, zone)
    let slot = this.#router.find(bytes, header, note, Number.isNaN(header.time) ? receivedAt : header.time)
    const hostZone = this.#zones.ofHost(slot.source.host)
    if (hostZone !== null) {
      zone = hostZone
      if (!this.#whole) {
        parseHeader(header, bytes, start, end, receivedAt, zone)
        slot = this.#router.find(bytes, header, note, Number.isNaN(header.time) ? receivedAt : header.time)
      }
    }
    if (truncated) header.flags |= FLAG_TRUNCATED
    const { decision } = slot
    const targets = this.#targets[decision.index] ?? this.#prepare(slot)
    // Before anything is counted or kept: what a pattern can't finish may be begun again.
    const enrichment = targets.length === 0 ? null : this.#router.enrich(bytes, header, slot, receivedAt, zone)

    this.#ids.next()
    this.#capture?.record(bytes, start, end, sender.address, receivedAt)
    if (enrichment !== null && !Number.isNaN(enrichment.time)) header.time = enrichment.time
    const time = this.#timeOf(slot, receivedAt)
    this.#seen.add(slot)
    if (this.#seen.full) this.#outlet.seen(this.#seen.take())
    const moved = this.#moved[decision.index]
    for (let i = 0; i < moved.length; i++) this.#values[moved[i]]++

    for (let i = 0; i < slot.files.length; i++) {
      this.#archive.add(slot.files[i], bytes, header.lineStart, header.lineEnd)
      this.#values[ARCHIVE_LINES]++
    }
    if (slot.files.length > 0 && this.#archive.full) this.#handOnArchive()
    if (targets.length > 0) {
      if (this.#shedHosts?.has(slot.source.host) === true) this.#countShed(targets)
      else this.#compose(targets, slot, enrichment, bytes, start, time, receivedAt)
    }
    if (header.flags !== 0) this.#countFlags(header.flags)
    // Not before: a batch that the line itself made close must not carry its position.
    if (position !== undefined) this.#positions.set(position.key, position.value)
    if (targets.length > 0) this.#closeComplete(targets)
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

  #compose(
    targets: OpenBatch[],
    slot: Slot,
    enrichment: Enrichment | null,
    bytes: Uint8Array,
    start: number,
    time: number,
    receivedAt: number,
  ): void {
    const line = this.#line
    const { header } = line
    line.bytes = bytes
    line.start = start
    line.time = time
    line.receivedAt = receivedAt
    line.source = slot.source
    line.enrichment = enrichment
    line.path = slot.path
    line.routes = slot.routes
    const indexDay = dayOf(header.flags & FLAG_DATE_OUT_OF_RANGE ? receivedAt : time)
    for (const batch of targets) {
      if (batch.lacksRoomFor(line)) this.#close(batch)
      batch.add(line, slot, this.#ids.bytes, indexDay)
      if (batch.due < this.#dueAt) this.#dueAt = batch.due
    }
  }

  #prepare(slot: Slot): OpenBatch[] {
    const { decision } = slot
    const { skipped, dropped } = this.counters
    const targets = this.#batches.filter((batch) => decision.outputs.includes(batch.output))
    const moved = this.#batches.flatMap((batch, place) => (targets.includes(batch) ? [] : [skipped + place]))
    if (decision.drop !== null) moved.splice(0, moved.length, dropped + this.#dropRules.indexOf(decision.drop))
    else if (targets.length === 0) moved.push(ARCHIVED_ONLY)
    this.#targets[decision.index] = targets
    this.#moved[decision.index] = Int32Array.from(moved)
    return targets
  }

  #countShed(targets: OpenBatch[]): void {
    for (const batch of targets) this.#values[this.counters.shed + this.#batches.indexOf(batch)]++
  }

  #countFlags(flags: number): void {
    for (let bit = 0, left = flags; left !== 0; bit++, left >>>= 1)
      if (left & 1) this.#values[this.counters.flags + bit]++
  }

  #closeComplete(batches: readonly OpenBatch[]): void {
    for (const batch of batches) if (batch.complete) this.#close(batch)
  }

  /**
   * Hands a batch on, with the positions of the lines so far: they are safe when it is. With several outputs their
   * batches must all be safe first, so all are closed and the positions follow by themselves.
   */
  #close(batch: OpenBatch): void {
    const positions = this.#positions.size === 0 ? undefined : Object.fromEntries(this.#positions)
    this.#positions.clear()
    if (positions === undefined || this.#batches.length === 1) this.#handOn(batch, positions)
    else {
      for (const each of this.#batches) this.#handOn(each)
      this.#outlet.positions(positions)
    }
  }

  #handOn(batch: OpenBatch, positions?: Record<string, unknown>): void {
    const closed = batch.close()
    if (closed !== null) this.#outlet.batch(positions === undefined ? closed : { ...closed, positions })
  }

  #handOnArchive(): void {
    if (!this.#archive.empty) this.#outlet.archive(this.#archive.take())
    if (this.#archive.overgrown) this.#router.reset()
  }

  /** Closes what is due. Returns ms until the next tick is wanted. */
  tick(now: number): number {
    if (now >= this.#dueAt || (now >= this.#reportAt && !this.#archive.empty)) {
      this.#dueAt = Number.POSITIVE_INFINITY
      for (const batch of this.#batches) {
        if (now >= batch.due) this.#close(batch)
        else if (batch.due < this.#dueAt) this.#dueAt = batch.due
      }
      this.#handOnArchive()
    }
    if (now >= this.#reportAt) {
      this.#reportAt = now + REPORT_MILLIS
      this.#report()
    }
    return Math.max(0, Math.min(this.#dueAt, this.#reportAt) - now)
  }

  /** True when nothing waits to be handed on or reported. */
  get idle(): boolean {
    return this.#dueAt === Number.POSITIVE_INFINITY && this.#archive.empty && this.#seen.empty
  }

  /** Closes and hands on everything. */
  flush(): void {
    for (const batch of this.#batches) this.#close(batch)
    this.#dueAt = Number.POSITIVE_INFINITY
    this.#handOnArchive()
    this.#report()
  }

  /** Lines that no output gets have positions too; no batch carries those. */
  #handOnPositions(): void {
    if (this.#positions.size === 0 || this.#batches.some((batch) => batch.count > 0)) return
    const positions = Object.fromEntries(this.#positions)
    this.#positions.clear()
    this.#outlet.positions(positions)
  }

  #report(): void {
    const reports = this.#seen.take()
    if (reports.length > 0) this.#outlet.seen(reports)
    this.#handOnPositions()
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
    return this.#pool.empty
  }

  whenReady(): Promise<void> {
    return this.#pool.whenReady()
  }

  giveBack(buffer: ArrayBuffer | null): void {
    this.#pool.give(buffer)
  }
}
