import type { Multiline } from '../dataset/enrichment.ts'
import { DAY } from '../event/times.ts'
import type { Culprit } from '../grok/guard.ts'
import { CaptureWriter } from '../receive/capture.ts'
import type { Sender } from '../receive/sender.ts'
import { FLAG_DATE_OUT_OF_RANGE } from '../syslog/header.ts'
import { ArchiveLines } from './archive-lines.ts'
import { LaneBatches } from './batches.ts'
import { ARCHIVE_LINES, BYTES, JOINED, KERNEL_DROPS, LaneCounters, RECEIVED, REFUSED } from './counters.ts'
import { type HeldLine, LineJoiner } from './joiner.ts'
import { LineReader } from './line-reader.ts'
import { LineRouter } from './line-router.ts'
import type { LaneOptions } from './options.ts'
import type { LaneOutlet } from './outlet.ts'
import { ParsedLine } from './parsed-line.ts'
import { SeenSlots } from './seen.ts'
import { type SharedDatasets, sharedDatasets } from './shared-datasets.ts'
import type { LineSink } from './sink.ts'
import type { Slot } from './sources.ts'

const REPORT_MILLIS = 1000
/** Lines under one time limit. */
const TOGETHER = 512

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
  /** Lines that are read together; those before `#noted` are waiting for it. */
  readonly #parsed: ParsedLine[] = []
  #noted = 0
  /** Lines that are still to come of those announced. */
  #announced = 0
  readonly #archive = new ArchiveLines()
  readonly #batches: LaneBatches
  readonly #joiner = new LineJoiner()
  /** Held lines whose time is over. */
  #ready: HeldLine[] = []
  readonly #seen = new SeenSlots()
  readonly #capture: CaptureWriter | null
  readonly #back: number
  readonly #ahead: number
  #shedHosts: ReadonlySet<string> | null = null
  /** Number of the newest line in its stream. */
  #lines: number
  #reportAt = 0

  constructor(options: LaneOptions, outlet: LaneOutlet) {
    this.#outlet = outlet
    const shared = sharedDatasets(options.datasets)
    this.#shared = shared
    this.#router = new LineRouter(options, this.#archive, shared?.datasets ?? null)
    const dropRules = options.routes.filter((route) => route.drop).map((route) => route.name)
    const outputs = options.outputs.map(({ name }) => name)
    this.counters = new LaneCounters(outputs, dropRules)
    this.#values = this.counters.values
    const batches = new LaneBatches(options, dropRules, this.counters, outlet)
    this.#batches = batches
    this.#reader = new LineReader(options, this.#router, {
      wanted: (slot) => batches.wants(slot),
      gaveUp: () => shared?.guard?.gaveUp ?? false,
    })
    this.#capture = options.capture
      ? CaptureWriter.open(options.capture.path, { maxBytes: options.capture.maxBytes, onStop: outlet.captureStopped })
      : null
    this.#lines = options.resume?.sequence ?? 0
    this.#back = options.window.back
    this.#ahead = options.window.ahead
  }

  /** Counts a receive call's datagrams and keeps the counters, before any of them is parsed. */
  received(datagrams: number, bytes: number, refused: number): void {
    this.count(datagrams, bytes)
    this.#values[REFUSED] += refused
    // Without a guard nothing is gained by taking lines together.
    if (this.#shared?.guard) this.#announced = datagrams - refused
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
    line.bytes = bytes
    line.start = start
    line.end = end
    line.sender = sender
    line.receivedAt = receivedAt
    line.truncated = truncated
    line.position = position === undefined ? null : { key: position.key, value: position.value }
    if (this.#noted >= this.#announced || this.#noted === TOGETHER) this.#process()
  }

  /** Takes all lines noted, in two steps: reading may be stopped and begun again, the rest must not be. */
  #process(): void {
    const count = this.#noted
    this.#noted = 0
    this.#announced = Math.max(0, this.#announced - count)
    this.#read(count, false)
    for (let i = 0; i < count; i++) this.#take(this.#parsed[i])
    this.#giveOut()
    this.#batches.closeComplete()
    if (!this.#archive.overgrown) return
    this.#handOnArchive()
    this.#router.reset()
  }

  #read(count: number, held: boolean): void {
    const parsed = this.#parsed
    const shared = this.#shared
    if (shared?.guard) {
      shared.blame = (culprit) => this.#blame(culprit)
      shared.guard.run(count, (i) => this.#reader.read(parsed[i], held))
    } else for (let i = 0; i < count; i++) this.#reader.read(parsed[i], held)
  }

  #lineAt(i: number): ParsedLine {
    this.#parsed[i] ??= new ParsedLine()
    return this.#parsed[i]
  }

  /** Keeps the line, and makes its event, or holds it back while it may go on. */
  #take(line: ParsedLine): void {
    const { slot, multiline, position } = line
    if (slot === null) return
    // Every line has a number, so that the ids of a file that is read again are the same.
    this.#lines++
    this.#keep(line, slot)
    if (multiline === null) this.#event(line, slot, this.#lines)
    else if (this.#joins(line, multiline)) this.#values[JOINED]++
    else this.#hold(line, multiline)
    // Not before: a batch that the line itself made close must not carry its position.
    const newestHeld = this.#ready.length > 0 ? this.#lines : this.#joiner.newest
    if (position !== null) this.#batches.positions.add(this.#lines, position, newestHeld)
  }

  /** Writes the line to the capture and to its files. */
  #keep(line: ParsedLine, slot: Slot): void {
    const { bytes, start, end, header, sender, receivedAt } = line
    this.#capture?.record(bytes, start, end, sender.address, receivedAt)
    const { files } = slot
    line.path = null
    if (files.length === 0) return
    this.#router.place(slot, bytes, header, Number.isNaN(header.time) ? receivedAt : header.time)
    line.path = slot.path
    for (let i = 0; i < files.length; i++) {
      this.#archive.add(files[i], bytes, header.lineStart, header.lineEnd)
      this.#values[ARCHIVE_LINES]++
    }
    if (this.#archive.full) this.#handOnArchive()
  }

  #event(line: ParsedLine, slot: Slot, sequence: number): void {
    const { header, enrichment, receivedAt } = line
    if (enrichment !== null && !Number.isNaN(enrichment.time)) header.time = enrichment.time
    line.time = this.#timeOf(line, slot)
    this.#seen.add(slot)
    if (this.#seen.full) this.#outlet.seen(this.#seen.take())
    if (!line.wanted) this.#batches.skip(slot)
    else if (this.#shedHosts?.has(slot.source.host) === true) this.#batches.shed(slot)
    else this.#batches.add(line, slot, sequence, header.flags & FLAG_DATE_OUT_OF_RANGE ? receivedAt : line.time)
    if (header.flags !== 0) this.#countFlags(header.flags)
  }

  /** Joins the line to the one before that it goes on with, when that is still held. */
  #joins(line: ParsedLine, { within, max }: Multiline): boolean {
    const { bytes, header, receivedAt } = line
    if (!line.continues) return false
    const held = this.#joiner.find(line.key, receivedAt, max)
    const message = bytes.subarray(header.messageStart, header.lineEnd)
    return held !== undefined && this.#joiner.join(held, message, receivedAt + within)
  }

  /** Holds the line, as it may go on; the one before of the same key does not any more. */
  #hold(line: ParsedLine, { within }: Multiline): void {
    const { bytes, start, header, sender, receivedAt, truncated, path } = line
    const key = line.key
    const before = this.#joiner.take(key)
    if (before !== undefined) this.#ready.push(before)
    const held = { key, number: this.#lines, sender, receivedAt, truncated, path, due: receivedAt + within }
    this.#joiner.hold(held, bytes.subarray(start, header.lineEnd))
    this.#takeDue(Number.NEGATIVE_INFINITY)
  }

  #takeDue(now: number): void {
    for (let held = this.#joiner.takeDue(now); held !== undefined; held = this.#joiner.takeDue(now)) {
      this.#ready.push(held)
    }
  }

  /** Makes the events of held lines whose time is over; the lines are in their files already. */
  #giveOut(): void {
    while (this.#ready.length > 0) {
      const some = this.#ready.splice(0, TOGETHER)
      for (const [i, { bytes, used, ...held }] of some.entries()) {
        const { sender, receivedAt, truncated, path } = held
        Object.assign(this.#lineAt(i), {
          bytes,
          start: 0,
          end: used,
          sender,
          receivedAt,
          truncated,
          path,
          position: null,
        })
      }
      this.#read(some.length, true)
      for (const [i, { number }] of some.entries()) {
        const line = this.#parsed[i]
        if (line.slot !== null) this.#event(line, line.slot, number)
      }
    }
    this.#batches.positions.release(this.#joiner.oldest)
  }

  /** A pattern took too long: it is not tried on lines of the program for a while. */
  #blame({ pattern, program, cpuMillis, asideUntil }: Culprit): void {
    this.#router.timedOut(pattern.name)
    this.#outlet.setAside?.({ pattern: pattern.name, program, cpuMillis, until: asideUntil })
  }

  /** The event's time; remembers how far the sender's clock is off, and flags a day too far from reception. */
  #timeOf({ header, receivedAt }: ParsedLine, slot: Slot): number {
    const { time } = header
    if (Number.isNaN(time)) return receivedAt
    slot.source.skew = receivedAt - time
    if (time < Math.floor(receivedAt / DAY) * DAY - this.#back || time > receivedAt + this.#ahead)
      header.flags |= FLAG_DATE_OUT_OF_RANGE
    return time
  }

  #countFlags(flags: number): void {
    for (let bit = 0, left = flags; left !== 0; bit++, left >>>= 1)
      if (left & 1) this.#values[this.counters.flags + bit]++
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
      this.#batches.due === Number.POSITIVE_INFINITY && this.#archive.empty && this.#seen.empty && this.#joiner.empty
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
