import { compileTemplate, type PathTemplate } from '../archive/template.ts'
import type { Datasets } from '../dataset/datasets.ts'
import type { PatternCounts } from '../dataset/pattern-counters.ts'
import { jsonText } from '../event/names.ts'
import { Piece } from '../event/piece.ts'
import type { Decision } from '../route/decision.ts'
import { Router } from '../route/router.ts'
import { FACILITIES, SEVERITIES } from '../syslog/priority.ts'
import type { ArchiveLines } from './archive-lines.ts'
import type { LaneOptions } from './options.ts'
import type { ParsedLine } from './parsed-line.ts'
import type { SenderNote } from './senders.ts'
import { type LaneSource, type Slot, SourceTable } from './sources.ts'

const HOUR = 3_600_000

/** Finds what is known of a line beforehand: its source, its routes, its files. */
export class LineRouter {
  readonly router: Router
  readonly #sources: SourceTable
  readonly #templates = new Map<string, PathTemplate>()
  readonly #archive: ArchiveLines
  readonly #outputs: number
  readonly #fixed: LaneOptions['fixed']
  readonly #datasets: Datasets | null
  #hasDates = false
  #hasPids = false

  constructor(options: LaneOptions, archive: ArchiveLines, datasets: Datasets | null) {
    this.#archive = archive
    this.#outputs = options.outputs.length
    this.#fixed = options.fixed
    this.#datasets = datasets
    this.router = new Router({
      routes: options.routes,
      filters: options.filters,
      archive: options.archive,
      outputs: options.outputs.map(({ name }) => name),
    })
    this.#sources = new SourceTable((host, program, priority, sender) => this.#source(host, program, priority, sender))
  }

  /** Sets the line's source and slot; changes nothing that a second call would change again. */
  find(line: ParsedLine, sender: SenderNote): Slot {
    const source = this.#sources.find(line.memory, line.header, sender)
    line.source = source
    const decision = source.plan.fixed ?? source.plan.decide(line)
    let slot = source.slots[decision.index]
    if (slot === undefined) {
      slot = this.#slot(source, decision)
      source.slots[decision.index] = slot
    }
    line.slot = slot
    return slot
  }

  /** Sees to it that `slot.files` and `slot.path` are those of the line. */
  place(slot: Slot, line: ParsedLine, time: number): void {
    if (!this.#hasPids && (slot.hour === Math.floor(time / HOUR) || (!this.#hasDates && !Number.isNaN(slot.hour))))
      return
    this.#assignFiles(slot, time, line.pid())
  }

  /** Counts that a pattern was given up. */
  timedOut(name: string): void {
    this.#datasets?.timedOut(name)
  }

  /** What patterns did since the last call. */
  takePatternCounts(): PatternCounts[] {
    return this.#datasets?.takeCounts() ?? []
  }

  /** Forgets all sources, and with them the numbers of archive files. */
  reset(): void {
    this.#sources.clear()
    this.#archive.reset()
  }

  #source(host: string, program: string, priority: number, sender: SenderNote): LaneSource {
    const shownHost = host === '' ? (this.#fixed?.host ?? sender.address) : host
    const shownProgram = this.#fixed?.program ?? program
    const facility = priority >> 3
    const severity = priority & 7
    const plan = this.router.plan(shownHost, shownProgram, facility, severity)
    const names = { host: shownHost, program: shownProgram, sender: sender.address }
    const enricher = this.#datasets?.enricher({ host: shownHost, program: shownProgram, facility, severity }) ?? null
    return { ...names, hash: hashOf(shownHost, shownProgram), priority, plan, enricher, slots: [], skew: Number.NaN }
  }

  #slot(source: LaneSource, decision: Decision): Slot {
    const routes = decision.routes.length === 1 ? decision.routes[0] : decision.routes
    return {
      source,
      decision,
      enricher: this.#enricher(source, decision),
      files: new Int32Array(decision.archives.length),
      path: null,
      hour: Number.NaN,
      routes: JSON.stringify(routes),
      pieces: null,
      inBatch: new Int32Array(this.#outputs),
      seen: 0,
    }
  }

  #enricher(source: LaneSource, { datasets }: Decision): LaneSource['enricher'] {
    if (datasets === null || this.#datasets === null) return source.enricher
    const { host, program, priority } = source
    return this.#datasets.chosen(datasets, { host, program, facility: priority >> 3, severity: priority & 7 })
  }

  #assignFiles(slot: Slot, time: number, pid: string): void {
    const { source, decision } = slot
    slot.hour = Math.floor(time / HOUR)
    for (const [i, text] of decision.archives.entries()) {
      const template = this.#template(text)
      const path = template.path({
        host: source.host,
        program: source.program,
        service: decision.service ?? source.program,
        facility: FACILITIES[source.priority >> 3],
        severity: SEVERITIES[source.priority & 7],
        sender: source.sender,
        pid,
        route: decision.routes[0],
        time,
      })
      slot.files[i] = this.#archive.file(template.root, path)
      if (i === 0) slot.path = new Piece(jsonText(path))
    }
  }

  #template(text: string): PathTemplate {
    let template = this.#templates.get(text)
    if (template === undefined) {
      template = compileTemplate(text)
      this.#templates.set(text, template)
      if (template.dynamic) this.#hasDates = true
      if (template.uses.has('pid')) this.#hasPids = true
    }
    return template
  }
}

function hashOf(host: string, program: string): number {
  const names = `${host}\n${program}`
  let hash = 0
  for (let i = 0; i < names.length; i++) hash = Math.imul(hash ^ names.charCodeAt(i), 0x01000193)
  return hash
}
