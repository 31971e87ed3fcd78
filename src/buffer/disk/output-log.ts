import { open } from 'node:fs/promises'
import { errorCode, isDiskFull, messageOf } from '../../ledger/files.ts'
import type { OnHappening } from '../../ledger/happening.ts'
import { MOVED } from '../../ledger/mark-set.ts'
import type { Mark, Marks } from '../../ledger/marks.ts'
import { setAside } from '../../ledger/quarantine.ts'
import { type Batch, BufferFull, type Tally } from '../buffer.ts'
import type { Entry } from '../pending.ts'
import { OutputQueue, type Shelf } from '../queue.ts'
import { lostMark } from '../settlement.ts'
import { FreshBodies } from './fresh-bodies.ts'
import type { BatchHeader } from './header.ts'
import type { Positions } from './positions.ts'
import { type DiskRecord, recordOf, unpackBody } from './record.ts'
import { recover } from './recover.ts'
import { type Place, Segments } from './segments.ts'

interface OnDisk extends Entry {
  place: Place
}

/** A batch that waits; looking at it takes no lease. */
export interface Inspected {
  key: Pick<Batch, 'stream' | 'number' | 'part' | 'count' | 'received'>
  /** Undefined: it can't be read. */
  batch: Batch | undefined
  /** It stands elsewhere now, by command. False: it was gone, or is being delivered. */
  takeOut(): Promise<boolean>
  /** Keeps the bytes of what can't be read in quarantine, and counts it as lost. */
  setAside(): Promise<void>
}

export interface LogOptions {
  output: string
  directory: string
  /** Bytes on disk. */
  size: number
  segmentBytes: number
  sync: '1s' | 'batch'
  leaseMs: number
  marks: Marks
  positions: Positions
  onHappening?: OnHappening | undefined
}

/** The backlog of one output on disk: segments, and the queue over them. */
export class OutputLog implements Shelf<OnDisk> {
  readonly queue: OutputQueue<OnDisk>
  readonly #options: LogOptions
  readonly #segments: Segments
  readonly #fresh = new FreshBodies()
  /** The highest number by stream that this log has seen. */
  readonly highest = new Map<string, number>()

  constructor(options: LogOptions) {
    this.#options = options
    const { output, directory, segmentBytes, leaseMs, marks, positions, onHappening } = options
    this.queue = new OutputQueue(output, this, marks, leaseMs)
    this.#segments = new Segments(directory, {
      segmentBytes,
      onHappening,
      beforeDelete: async (segment) => {
        await positions.save(segment.position)
        await marks.sync()
      },
    })
  }

  /** Takes in what the segments hold; returns the highest order. */
  async recover(): Promise<number> {
    const { output, directory, marks, positions, onHappening } = this.#options
    const entries: OnDisk[] = []
    const damaged: { header: BatchHeader; torn: boolean }[] = []
    let highest = 0
    const restOf = async ({ mark }: BatchHeader) => {
      // The mark in a rest's record counts even if the crash came before the journal had it.
      if (mark) await marks.record(mark)
    }
    await recover(
      directory,
      {
        segment: (segment) => this.#segments.adopt(segment),
        record: async (header, place) => {
          const { stream, number, part, order } = header
          await restOf(header)
          highest = Math.max(highest, order)
          this.#saw(stream, number)
          if (header.positions) {
            positions.take(header.positions, order)
            place.segment.position = Math.max(place.segment.position, order)
          }
          // Most of an old segment is settled: nothing of it is kept in memory.
          if (marks.has(output, stream, number, part)) return
          entries.push(
            entryOf(header, header.unpacked ?? place.end - place.body, place, this.queue.tallies.add(header.tally)),
          )
        },
        lost: (header, torn) => {
          damaged.push({ header, torn })
        },
      },
      onHappening,
    )
    // Now that all marks are known: what is left, each once, in order.
    entries.sort((a, b) => a.order - b.order || a.part - b.part)
    const present = new Set<string>()
    for (const entry of entries) {
      const { stream, number, part } = entry
      const key = `${stream} ${number} ${part}`
      if (marks.has(output, stream, number, part) || present.has(key)) {
        this.queue.tallies.remove(entry.tally)
        continue
      }
      present.add(key)
      entry.place.segment.live++
      this.queue.pending.add(entry)
    }
    for (const { header, torn } of damaged) {
      const { stream, number, part } = header
      if (present.has(`${stream} ${number} ${part}`)) continue
      // A rest without its body, and what it is left of still waits: all of that comes again.
      if (part > 0 && present.has(`${stream} ${number} ${part - 1}`)) continue
      await restOf(header)
      // It was never acknowledged, and its lines are read again, under the same number.
      if (torn && header.positions) continue
      this.#saw(stream, number)
      await marks.record(lostMark({ ...header, output }, 'damaged'))
    }
    this.#segments.tick()
    return highest
  }

  async append(batch: Batch, order: number): Promise<void> {
    const { size, sync, positions, output } = this.#options
    const record = recordOf(batch, order)
    if (this.#segments.bytes + record.bytes > size) {
      record.free()
      throw new BufferFull(`the buffer on disk for ${output} holds its ${size} bytes`)
    }
    const position = batch.positions ? order : 0
    const place = await this.#write(record, { position, sync: sync === 'batch' })
    if (batch.positions) positions.take(batch.positions, order)
    this.#saw(batch.stream, batch.number)
    this.#fresh.keep(order, batch.body)
    this.queue.pending.add(
      entryOf({ ...batch, order }, batch.body.byteLength, place, this.queue.tallies.add(batch.tally)),
    )
  }

  async load(entry: OnDisk, tally: Tally): Promise<Batch | undefined> {
    const { order, stream, number, part, count, received } = entry
    try {
      const body = this.#fresh.take(order, this.queue.pending.waiting) ?? (await this.#read(entry))
      if (body) return { stream, number, part, output: this.queue.output, count, body, tally, received }
      await this.#setAside(entry)
    } catch (error) {
      const code = errorCode(error)
      if (code !== 'ENOENT' && code !== 'EIO') throw error
      this.#damaged(entry, messageOf(error))
    }
    return undefined
  }

  /** On the disk before the mark can be: whichever of the two a power cut leaves, nothing is lost or counted twice. */
  async keepRest(rest: Batch, mark: Mark, order: number, tally: number[]): Promise<OnDisk> {
    // Over the budget if need be: it is less than what it replaces.
    const place = await this.#write(recordOf(rest, order, mark), { sync: true })
    return entryOf({ ...rest, order }, rest.body.byteLength, place, tally)
  }

  drop(entry: OnDisk): void {
    this.#fresh.drop(entry.order)
    this.#segments.drop(entry.place.segment)
  }

  /** Numbers below the highest that are neither settled nor waiting. */
  gaps(stream: string, last: number): [from: number, to: number][] {
    const waiting: number[] = []
    for (const entry of this.queue.pending.values()) if (entry.stream === stream) waiting.push(entry.number)
    waiting.sort((a, b) => a - b)
    const gaps: [number, number][] = []
    for (const [from, to] of this.#options.marks.missing(this.queue.output, stream, last)) {
      let start = from
      for (const number of waiting) {
        if (number < start || number > to) continue
        if (number > start) gaps.push([start, number - 1])
        start = number + 1
      }
      if (start <= to) gaps.push([start, to])
    }
    return gaps
  }

  /** All that waits, whoever holds it, each read as it is asked for. */
  async *inspect(): AsyncGenerator<Inspected, void, undefined> {
    for (const entry of [...this.queue.pending.values()]) {
      const body = await this.#read(entry).catch(() => undefined)
      if (!this.queue.pending.has(entry)) continue
      const { stream, number, part, count, received } = entry
      const tally = this.queue.tallies.unpack(entry.tally)
      yield {
        key: { stream, number, part, count, received },
        batch: body && { stream, number, part, output: this.queue.output, count, body, tally, received },
        takeOut: () => this.queue.giveUp(entry, MOVED),
        setAside: async () => {
          this.#fresh.drop(entry.order)
          await this.load(entry, tally)
          await this.queue.giveUp(entry, 'damaged')
        },
      }
    }
  }

  async sync(): Promise<void> {
    await this.#segments.sync()
  }

  tick(): void {
    this.#segments.tick()
  }

  async close(): Promise<void> {
    this.queue.pending.stop()
    await this.#segments.close()
  }

  async #write({ head, body, free }: DiskRecord, how: { position?: number; sync: boolean }): Promise<Place> {
    try {
      return await this.#segments.append(head, body, how)
    } catch (error) {
      if (!isDiskFull(error)) throw error
      throw new BufferFull(`no room on the disk of ${this.#options.directory}`, 'disk', { cause: error })
    } finally {
      free()
    }
  }

  /** Undefined when the bytes are not what was written. */
  async #read({ place, bytes }: OnDisk): Promise<Buffer | undefined> {
    const body = await this.#segments.read(place)
    return body === undefined || body.byteLength === bytes ? body : unpackBody(body, bytes)
  }

  async #setAside(entry: OnDisk) {
    const { path } = entry.place.segment
    try {
      const file = await open(path, 'r')
      try {
        const { copy } = await setAside(file, path, entry.place.body, entry.place.end)
        this.#damaged(entry, `its body is set aside as ${copy}`)
      } finally {
        await file.close()
      }
    } catch (error) {
      entry.place.segment.keep = true
      this.#damaged(entry, `it can't be set aside: ${messageOf(error)}`)
    }
  }

  #damaged({ stream, number, count, place }: OnDisk, what: string) {
    const text = `batch ${stream}-${number} of ${count} events in ${place.segment.path} is damaged (${what})`
    const { output } = this.queue
    this.#options.onHappening?.({ kind: 'damaged', text, file: place.segment.path, output, events: count })
  }

  #saw(stream: string, number: number) {
    if (number > (this.highest.get(stream) ?? 0)) this.highest.set(stream, number)
  }
}

function entryOf(
  { stream, number, part, count, received, order }: Omit<BatchHeader, 'tally'>,
  bytes: number,
  place: Place,
  tally: number[],
): OnDisk {
  return { order, stream, number, part, count, bytes, received, tally, place }
}
