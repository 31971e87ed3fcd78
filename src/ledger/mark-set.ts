import type { Tally } from '../buffer/buffer.ts'
import { Ranges } from './ranges.ts'

/** What became of one part of one batch: done + duplicate + dead + all of lost + retry = count. */
export interface Mark {
  output: string
  stream: string
  number: number
  part: number
  count: number
  done: number
  duplicate: number
  dead: number
  /** By reason: 'damaged', 'expired', ... */
  lost: Record<string, number>
  /** Events that moved on to part + 1. */
  retry: number
  /** The events that ended here, by route and host: count - retry in sum, less where a damage took the tally. */
  tally: Tally
}

/**
 * The reason in `lost` of a batch that people have moved elsewhere by command: it is settled for this ledger, and no
 * loss; the report counts it as handed on.
 */
export const MOVED = 'moved'

export function isMark(value: unknown): value is Mark {
  if (typeof value !== 'object' || value === null) return false
  const { output, stream, number, part, count, done, duplicate, dead, lost, retry, tally }: Partial<Mark> = value
  const isNamed = typeof output === 'string' && typeof stream === 'string'
  const isCounted = [number, part, count, done, duplicate, dead, retry].every(Number.isSafeInteger)
  return isNamed && isCounted && typeof lost === 'object' && Array.isArray(tally)
}

export interface Sums {
  done: number
  duplicate: number
  dead: number
  lost: Record<string, number>
}

export interface OutputTotals extends Sums {
  output: string
  /** Times that an event had to be tried again. */
  retried: number
  /** Streams that are not retired. `last`: the highest number of which anything is settled. */
  streams: ({ stream: string; last: number } & Sums)[]
  /** `settled` counts done, duplicates, dead letters and lost together; `lost` the lost ones of batches lost whole. */
  hosts: HostTotals[]
}

export interface HostTotals {
  route: string
  host: string
  settled: number
  lost: number
}

interface StreamMarks {
  /** Numbers with nothing left to do. */
  closed: Ranges
  /** Numbers whose rest is still to come, with the part that is due. */
  open: Map<number, number>
  sums: Sums
}

interface OutputMarks {
  sums: Sums
  retried: number
  streams: Map<string, StreamMarks>
  /** Streams that are over: 1 to this number is settled. */
  retired: Map<string, number>
  hosts: Map<string, HostTotals>
}

/** Hosts are named by strangers: what is over this number of (route, host) pairs per output counts under OTHER. */
const MOST_HOSTS = 10_000
const OTHER = '(other hosts)'

/** The set of settled batches and the sums over their first outcomes, in memory. */
export class MarkSet {
  readonly #outputs = new Map<string, OutputMarks>()

  has(output: string, stream: string, number: number, part: number): boolean {
    const marks = this.#outputs.get(output)
    if (!marks) return false
    const found = marks.streams.get(stream)
    if (!found) return number <= (marks.retired.get(stream) ?? 0)
    return part < (found.open.get(number) ?? 0) || found.closed.has(number)
  }

  /** False: it was settled before, and nothing is counted. */
  add(mark: Mark): boolean {
    if (this.has(mark.output, mark.stream, mark.number, mark.part)) return false
    const marks = this.#output(mark.output)
    const stream = this.#stream(marks, mark.stream)
    if (mark.retry > 0) {
      stream.open.set(mark.number, mark.part + 1)
    } else {
      stream.open.delete(mark.number)
      stream.closed.add(mark.number)
    }
    addSums(marks.sums, mark)
    addSums(stream.sums, mark)
    marks.retried += mark.retry
    const isLost = mark.done + mark.duplicate + mark.dead === 0 && !(MOVED in mark.lost)
    for (const [route, host, events] of mark.tally) {
      const totals = hostTotals(marks, route, host)
      totals.settled += events
      if (isLost) totals.lost += events
    }
    return true
  }

  /** The highest number of the stream of which anything is settled; 0 for none. */
  last(output: string, stream: string): number {
    const marks = this.#outputs.get(output)
    const found = marks?.streams.get(stream)
    return found ? Math.max(found.closed.last, ...found.open.keys()) : (marks?.retired.get(stream) ?? 0)
  }

  /** Numbers up to `last` (default: the highest known) of which nothing is settled. */
  missing(output: string, stream: string, last = this.last(output, stream)): [from: number, to: number][] {
    const found = this.#outputs.get(output)?.streams.get(stream)
    if (!found) {
      const retired = this.#outputs.get(output)?.retired.get(stream) ?? 0
      return last > retired ? [[retired + 1, last]] : []
    }
    const known = new Ranges([...found.closed.flat])
    for (const number of found.open.keys()) known.add(number)
    return known.missing(last)
  }

  /**
   * The stream is over for now, and its sums are accounted for elsewhere: keeps only its last number (about 100 bytes).
   * Undefined, and nothing happens, as long as a number of it is open or missing; else a function that takes it back.
   */
  retire(stream: string): (() => void) | undefined {
    const all = [...this.#outputs.values()].flatMap((marks) => {
      const found = marks.streams.get(stream)
      return found ? [{ marks, found }] : []
    })
    const isOver = ({ closed, open }: StreamMarks) =>
      open.size === 0 && closed.flat.length === 2 && closed.flat[0] === 1
    if (!all.every(({ found }) => isOver(found))) return undefined
    for (const { marks, found } of all) {
      marks.retired.set(stream, found.closed.last)
      marks.streams.delete(stream)
    }
    return () => {
      for (const { marks, found } of all) {
        if (marks.retired.delete(stream)) marks.streams.set(stream, found)
      }
    }
  }

  totals(): OutputTotals[] {
    return [...this.#outputs].map(([output, marks]) => ({
      output,
      ...copySums(marks.sums),
      retried: marks.retried,
      streams: [...marks.streams].map(([stream, { sums }]) => ({
        stream,
        last: this.last(output, stream),
        ...copySums(sums),
      })),
      hosts: [...marks.hosts.values()].map((totals) => ({ ...totals })),
    }))
  }

  toJSON(): unknown {
    return [...this.#outputs].map(([output, { sums, retried, streams, retired, hosts }]) => ({
      output,
      sums,
      retried,
      retired: [...retired],
      hosts: [...hosts.values()],
      streams: [...streams].map(([stream, s]) => [stream, s.closed.flat, [...s.open], s.sums]),
    }))
  }

  /** From what `toJSON` gave (the snapshot's CRC has vouched for its shape). */
  static from(outputs: ReturnType<typeof parseSnapshot>): MarkSet {
    const set = new MarkSet()
    for (const { output, sums, retried, retired, hosts, streams } of outputs) {
      set.#outputs.set(output, {
        sums,
        retried,
        retired: new Map(retired),
        hosts: new Map(hosts.map((totals) => [`${totals.route}\0${totals.host}`, totals])),
        streams: new Map(
          streams.map(([stream, flat, open, s]) => [
            stream,
            { closed: new Ranges(flat), open: new Map(open), sums: s },
          ]),
        ),
      })
    }
    return set
  }

  #output(output: string): OutputMarks {
    let marks = this.#outputs.get(output)
    if (!marks) {
      marks = { sums: emptySums(), retried: 0, streams: new Map(), retired: new Map(), hosts: new Map() }
      this.#outputs.set(output, marks)
    }
    return marks
  }

  #stream(marks: OutputMarks, stream: string): StreamMarks {
    let found = marks.streams.get(stream)
    if (!found) {
      // A retired stream that speaks again keeps what it had.
      const last = marks.retired.get(stream)
      marks.retired.delete(stream)
      found = { closed: new Ranges(last === undefined ? [] : [1, last]), open: new Map(), sums: emptySums() }
      marks.streams.set(stream, found)
    }
    return found
  }
}

interface OutputSnapshot {
  output: string
  sums: Sums
  retried: number
  retired: [stream: string, last: number][]
  hosts: HostTotals[]
  streams: [stream: string, closed: number[], open: [number: number, part: number][], sums: Sums][]
}

/** Throws when the text is no snapshot. */
export function parseSnapshot(text: string): OutputSnapshot[] {
  const value: unknown = JSON.parse(text)
  if (!Array.isArray(value)) throw new TypeError('a snapshot is a list of outputs')
  return value
}

function emptySums(): Sums {
  return { done: 0, duplicate: 0, dead: 0, lost: {} }
}

function copySums({ done, duplicate, dead, lost }: Sums): Sums {
  return { done, duplicate, dead, lost: { ...lost } }
}

function addSums(sums: Sums, mark: Mark) {
  sums.done += mark.done
  sums.duplicate += mark.duplicate
  sums.dead += mark.dead
  for (const [reason, events] of Object.entries(mark.lost)) sums.lost[reason] = (sums.lost[reason] ?? 0) + events
}

function hostTotals(marks: OutputMarks, route: string, host: string): HostTotals {
  const key = `${route}\0${host}`
  const found = marks.hosts.get(key)
  if (found) return found
  if (marks.hosts.size >= MOST_HOSTS && host !== OTHER) return hostTotals(marks, route, OTHER)
  const totals = { route, host, settled: 0, lost: 0 }
  marks.hosts.set(key, totals)
  return totals
}
