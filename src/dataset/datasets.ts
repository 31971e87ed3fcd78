import type { Guard } from '../grok/guard.ts'
import type { PatternLibrary } from '../grok/library.ts'
import { compileFilter, type Filter, type Source } from '../route/filter.ts'
import { Dataset } from './dataset.ts'
import type { Enricher } from './enrichment.ts'
import { filterSigns } from './filter-signs.ts'
import type { DatasetDefinition } from './format.ts'
import { Gate } from './gate.ts'
import { globRegex } from './lookup.ts'
import { Needles } from './needles.ts'
import { PatternCounter, type PatternCounts } from './pattern-counters.ts'
import { type Choice, type LineSign, SourceEnricher } from './source-enricher.ts'

interface Candidate {
  dataset: Dataset
  filter: Filter | null
  signs: readonly LineSign[] | null
  general: boolean
  rank: number
}

interface OfProgram {
  candidates: readonly Candidate[]
  /** The same for all of the program's sources, where none of its datasets asks for more than the program. */
  shared: Enricher | null
}

const MOST_PROGRAMS = 4096

/** All datasets of a config. Each is compiled when the first line of its programs comes. */
export class Datasets {
  readonly #definitions: readonly DatasetDefinition[]
  readonly #library: () => PatternLibrary
  /** Null: broken. */
  readonly #compiled = new Map<DatasetDefinition, Dataset | null>()
  readonly #counters = new Map<string, PatternCounter>()
  readonly #guard: Guard | null
  readonly #needles = new Needles()
  readonly #gates: Gate[] = []
  readonly #byProgram = new Map<string, OfProgram>()
  /** By the names that a route chose, where none of them asks for more than the line. */
  readonly #byNames = new Map<string, Enricher>()
  readonly #programs: readonly ((program: string) => number)[]

  /**
   * @param guard stops patterns that take too long; null: they are known not to
   * @param library made when the first dataset is compiled
   */
  constructor(definitions: readonly DatasetDefinition[], guard: Guard | null, library: () => PatternLibrary) {
    this.#guard = guard
    this.#definitions = definitions.flatMap(byService)
    let made: PatternLibrary | undefined
    this.#library = () => {
      made ??= library()
      return made
    }
    this.#programs = this.#definitions.map(({ programs }) => programRank(programs))
  }

  /** The datasets for lines of a source: those that name its program exactly first, then globs, then `*`. */
  enricher(source: Source): Enricher {
    const { candidates, shared } = this.#ofProgram(source.program)
    if (shared !== null) return shared
    const choices = candidates.flatMap(({ dataset, filter, signs, general, rank }): (Choice & { rank: number })[] => {
      const answer = filter === null || filter(source)
      if (answer === false) return []
      const patterns = dataset.patterns(source)
      // Of a line without a program nothing is known before its text is looked at, as of any program's.
      const own = source.program === '' && answer !== true ? Math.max(rank, EVERY) : rank
      return [{ dataset, patterns, answer, signs, general: general && answer === true, rank: own }]
    })
    choices.sort((a, b) => a.rank - b.rank)
    return this.#sourceEnricher(source, choices)
  }

  /** Sources with the same datasets for every program have one gate. */
  #sourceEnricher(source: Source, choices: readonly Choice[]): SourceEnricher {
    const behind = choices.filter(({ general }) => general)
    let gate = this.#gates.find((gate) => gate.isOf(behind))
    if (gate === undefined) {
      gate = new Gate(behind, this.#needles)
      this.#gates.push(gate)
    }
    return new SourceEnricher(source, choices, gate, this.#needles)
  }

  /** The datasets of these names, in their order, whatever programs they are for. */
  chosen(names: readonly string[], source: Source): Enricher {
    const key = names.join(' ')
    const known = this.#byNames.get(key)
    if (known !== undefined) return known
    const wanted = names.flatMap((name) => this.#definitions.filter(({ dataset }) => dataset === name))
    const datasets = wanted.map((definition) => this.#dataset(definition)).filter((dataset) => dataset !== null)
    const choices = datasets.map((dataset): Choice => {
      return { dataset, patterns: dataset.patterns(source), answer: true, signs: null, general: false }
    })
    const enricher = this.#sourceEnricher(source, choices)
    if (!datasets.some((dataset) => dataset.asksOfSource)) this.#byNames.set(key, enricher)
    return enricher
  }

  /** Strangers may name a new program in each line, so this is remembered, and forgotten again. */
  #ofProgram(program: string): OfProgram {
    const known = this.#byProgram.get(program)
    if (known !== undefined) return known
    const candidates = this.#definitions
      .map((definition, i) => ({ definition, rank: rankOf(definition, this.#programs[i](program)) }))
      .filter(({ rank }) => rank < NOT_NAMED)
      .sort((a, b) => a.rank - b.rank)
      .flatMap(({ definition, rank }): Candidate[] => {
        const dataset = this.#dataset(definition)
        const filter = definition.filter === undefined ? null : compileFilter(definition.filter)
        const signs = definition.filter === undefined ? null : this.#signs(definition.filter)
        return dataset === null ? [] : [{ dataset, filter, signs, general: rank >= EVERY_HEADED, rank }]
      })
    // Without filters, host and PRI are of no consequence.
    const asks = candidates.some(({ dataset, filter }) => filter !== null || dataset.asksOfSource)
    const anyone = { host: '', program, facility: 0, severity: 0 }
    const choices = candidates.map(({ dataset, general }): Choice => {
      return { dataset, patterns: dataset.patterns(anyone), answer: true, signs: null, general }
    })
    const found = { candidates, shared: asks ? null : this.#sourceEnricher(anyone, choices) }
    if (this.#byProgram.size === MOST_PROGRAMS) this.#byProgram.clear()
    this.#byProgram.set(program, found)
    return found
  }

  #signs(filter: string): LineSign[] | null {
    return filterSigns(filter)?.map((sign) => ({ ...sign, needle: this.#needles.number(sign.text) })) ?? null
  }

  /** The compiled form; null, after a warning, for one that is broken: a lane goes on without it. */
  #dataset(definition: DatasetDefinition): Dataset | null {
    let dataset = this.#compiled.get(definition)
    if (dataset === undefined) {
      try {
        dataset = this.#compile(definition)
      } catch (error) {
        process.emitWarning(`dataset left out: ${error instanceof Error ? error.message : String(error)}`)
        dataset = null
      }
      this.#compiled.set(definition, dataset)
    }
    return dataset
  }

  #compile(definition: DatasetDefinition): Dataset {
    return new Dataset(definition, this.#library(), this.#guard, (name) => this.#counter(name), this.#needles)
  }

  /** Compiles all, for checks. @throws Error that names file and pattern */
  all(): Dataset[] {
    return this.#definitions.map((definition) => this.#compile(definition))
  }

  #counter(name: string): PatternCounter {
    let counter = this.#counters.get(name)
    if (counter === undefined) {
      counter = new PatternCounter(name)
      this.#counters.set(name, counter)
    }
    return counter
  }

  /** Counts that a pattern was given up. */
  timedOut(name: string): void {
    this.#counter(name).timedOut++
  }

  /** What patterns did since the last call; those that did nothing are left out. */
  takeCounts(): PatternCounts[] {
    const counts: PatternCounts[] = []
    for (const counter of this.#counters.values()) if (counter.tried > 0) counts.push(counter.take())
    return counts
  }
}

/** Names that routes can choose: those of the files, and of their services. */
export function datasetNames(definitions: readonly DatasetDefinition[]): string[] {
  return [...new Set(definitions.flatMap(byService).map(({ dataset }) => dataset))]
}

/** A file's services as files of their own. */
function byService(definition: DatasetDefinition): DatasetDefinition[] {
  const { dataset, services = {} } = definition
  return [
    definition,
    ...Object.entries(services).map(([name, programs]) => ({ ...definition, dataset: `${dataset}.${name}`, programs })),
  ]
}

const EXACT = 0
const EVERY_HEADED = 3
const EVERY = 4
const NOT_NAMED = 5

/** Of those for every program, a header tells more of a line than a word that a filter looks for, and in less time. */
function rankOf({ header, filter }: DatasetDefinition, rank: number): number {
  return rank === EVERY && header !== undefined && filter === undefined ? EVERY_HEADED : rank
}

/** How well a list of programs names one: exactly, by glob, by expression, by `*`, not at all. */
function programRank(programs: readonly string[]): (program: string) => number {
  const exact = new Set(programs)
  const tests = programs.flatMap((text): { rank: number; regex: RegExp }[] => {
    if (text === '*') return []
    if (/^\/.*\/$/s.test(text)) return [{ rank: 2, regex: new RegExp(text.slice(1, -1)) }]
    return /[*?]/.test(text) ? [{ rank: 1, regex: globRegex(text) }] : []
  })
  const rest = exact.has('*') ? EVERY : NOT_NAMED
  return (program) => {
    if (program !== '*' && exact.has(program)) return EXACT
    return tests.find(({ regex }) => regex.test(program))?.rank ?? rest
  }
}
