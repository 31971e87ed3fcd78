import type { DatasetDefinition } from '../dataset/format.ts'
import { Header } from '../syslog/header.ts'
import { parseHeader } from '../syslog/parse.ts'
import { zoneOf } from '../syslog/zone.ts'
import { at, type Degree, degreeReader } from './marks.ts'
import { ShapeCounts } from './shape-counts.ts'

export type Counts = Record<Degree, number> & { lines: number }

/** Programs told apart; lines of all others are counted together. */
const PROGRAMS = 10_000
export const OTHERS = '(others)'
const UTC = zoneOf('UTC')

export function noCounts(): Counts {
  return { lines: 0, full: 0, partial: 0, failed: 0, none: 0 }
}

/** The share of lines with a dataset in which nothing failed; of no lines: 1. */
export function share({ lines, full, partial }: Counts): number {
  return lines === 0 ? 1 : (full + partial) / lines
}

/** Counts events by program and degree, and the shapes of those that no pattern fits. */
export class CoverageTally {
  readonly total = noCounts()
  readonly programs = new Map<string, Counts>()
  readonly shapes = new ShapeCounts()
  readonly #degree: (event: unknown) => Degree
  readonly #header = new Header()

  constructor(definitions: readonly DatasetDefinition[]) {
    this.#degree = degreeReader(definitions)
  }

  /**
   * @param document an ECS event of a lane whose datasets are `marked`
   * @param fixed program of lines without header; absent: the header's counts, as datasets are chosen by it
   */
  add(document: Uint8Array, fixed?: string): void {
    const event: unknown = JSON.parse(Buffer.from(document.buffer, document.byteOffset, document.length).toString())
    const original = text(event, ['event', 'original'])
    const program = fixed ?? this.#programOf(original)
    const degree = this.#degree(event)
    for (const counts of [this.total, this.#row(program)]) {
      counts.lines++
      counts[degree]++
    }
    if (degree !== 'none' && degree !== 'failed') return
    const dataset = text(event, ['event', 'dataset'])
    this.shapes.add({ program, dataset, message: text(event, ['message']), original })
  }

  /** Those with most lines first. */
  get rows(): [program: string, counts: Counts][] {
    return [...this.programs].sort(([a, x], [b, y]) => y.lines - x.lines || (a < b ? -1 : 1))
  }

  /** The text itself may name another program than its header, in the event. */
  #programOf(original: string): string {
    const bytes = Buffer.from(original)
    const header = this.#header
    parseHeader(header, bytes, 0, bytes.length, 0, UTC)
    return header.programStart < 0 ? '' : bytes.toString('utf8', header.programStart, header.programEnd)
  }

  #row(program: string): Counts {
    const name = this.programs.size < PROGRAMS || this.programs.has(program) ? program : OTHERS
    let row = this.programs.get(name)
    if (row === undefined) {
      row = noCounts()
      this.programs.set(name, row)
    }
    return row
  }
}

function text(event: unknown, path: readonly string[]): string {
  const value = at(event, path)
  return typeof value === 'string' ? value : ''
}
