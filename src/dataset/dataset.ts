import { type CompiledGrok, compileGrok } from '../grok/compile.ts'
import type { Guard, Guarded } from '../grok/guard.ts'
import type { PatternLibrary } from '../grok/library.ts'
import { type Answer, compileFilter, type Filter, type Source } from '../route/filter.ts'
import type { LineText } from '../route/line-text.ts'
import { Chooser } from './chooser.ts'
import type { EnrichInput, Enrichment, Multiline } from './enrichment.ts'
import type { Constant, DatasetDefinition } from './format.ts'
import { type Lifter, liftJson, liftPairs } from './lift.ts'
import { literalPrefix } from './literal-prefix.ts'
import { Nearest } from './nearest.ts'
import { Needles, rarestEnd } from './needles.ts'
import { isNarrow, OPENING, type Opening, openingOf } from './opening.ts'
import type { PatternCounter } from './pattern-counters.ts'
import { Plan, type PlanParts } from './plan.ts'

/** One expression of a pattern or a header. */
interface Candidate {
  grok: CompiledGrok
  guarded: Guarded
  counter: PatternCounter
  /** What the text must begin with, as far as `opening` does not tell. */
  prefix: string
  opening: Opening
  /** Literals that must be somewhere in the text, besides the prefix. */
  needles: readonly number[]
  filter: Filter | null
  dataset: string
  set: Readonly<Record<string, Constant>>
  /** Group of the field `rest`; 0: none. */
  rest: number
  /** By index of the header's candidate + 1. */
  plans: (Plan | undefined)[]
}

/** A line, as datasets look at it. */
export interface DatasetLine {
  input: EnrichInput
  source: Source
  /** The message and the tag with the message, at most TEXT_LENGTH characters of them. */
  readonly text: string
  readonly tagged: string
  readonly filterText: LineText
}

/** Literals of a pattern that are looked for before it is tried. */
const NEEDLES = 2

/** One dataset file with its patterns compiled. Made when the first line of its programs comes. */
export class Dataset {
  readonly definition: DatasetDefinition
  readonly multiline: Multiline | null
  readonly #guard: Guard | null
  readonly #library: PatternLibrary
  /** Made when the first text fits none of the patterns. */
  #nearest: Nearest | null = null
  readonly #headers: Candidate[]
  readonly #patterns: Candidate[]
  readonly #needles = new Needles()
  readonly #headerChoice: Chooser
  readonly #patternChoice: Chooser
  readonly #lift: { lifter: Lifter; field: string } | undefined
  readonly #matches = { header: null as RegExpExecArray | null, body: null as RegExpExecArray | null, text: '' }
  #head = 0
  readonly #freePlans: (Plan | undefined)[] = []
  readonly #failedPlans: (Plan | undefined)[] = []
  readonly #liftPlans: (Plan | undefined)[] = []

  /** @throws Error that names the pattern, when one is no grok */
  constructor(
    definition: DatasetDefinition,
    shared: PatternLibrary,
    guard: Guard | null,
    counterOf: (name: string) => PatternCounter,
  ) {
    this.#guard = guard
    this.definition = definition
    const { multiline } = definition
    this.multiline = multiline === undefined ? null : { ...multiline, continues: new RegExp(multiline.continues) }
    const { dataset, header = [], patterns, definitions } = definition
    const library = Object.keys(definitions).length === 0 ? shared : shared.with(definitions)
    this.#library = library
    const compile = (
      match: string,
      name: string,
      of: { dataset: string; set: Candidate['set']; filter?: string | undefined },
    ): Candidate => {
      try {
        const grok = compileGrok(match, library)
        const { regex } = grok
        const counter = counterOf(`${dataset}/${name}`)
        const prefix = literalPrefix(regex)
        const opening = openingOf(regex)
        const literals = isNarrow(opening) ? [] : grok.literals.filter((literal) => !prefix.includes(literal))
        const needles = literals.slice(0, NEEDLES).map((literal) => this.#needles.number(rarestEnd(literal)))
        const rest = grok.captures.find(({ field }) => field === 'rest')?.group ?? 0
        const filter = of.filter === undefined ? null : compileFilter(of.filter)
        return {
          grok,
          guarded: { name: counter.name, regex, timedOut: 0, aside: null },
          counter,
          // A shorter one was looked at with the opening.
          prefix: prefix.length > OPENING ? prefix : '',
          opening,
          needles,
          rest,
          filter,
          dataset: of.dataset,
          set: of.set,
          plans: [],
        }
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error)
        throw new Error(`${definition.file}: ${name}: ${reason}`, { cause: error })
      }
    }
    this.#headers = header.map((match) => compile(match, 'header', { dataset, set: {} }))
    this.#patterns = patterns.flatMap(({ name, match, set, dataset: own = dataset, filter }) =>
      match.map((one) => compile(one, name, { dataset: own, set, filter })),
    )
    this.#headerChoice = new Chooser(this.#headers.map(({ opening }) => opening))
    this.#patternChoice = new Chooser(this.#patterns.map(({ opening }) => opening))
    this.#lift = liftOf(definition)
  }

  /**
   * False when no line of the kind can be the dataset's, if it is asked only because it is for every program: told by
   * the first characters, before anything that takes longer.
   */
  concerns(line: DatasetLine): boolean {
    const { text, newlines } = this.definition
    if (text === 'tagged') return true
    if (newlines !== undefined && line.text.includes(newlines)) return true
    if (this.#headers.length > 0) return this.#headerChoice.choose(line.text) > 0
    return this.#lift !== undefined || this.#patternChoice.choose(line.text) > 0
  }

  /** True when a pattern has a filter of its own. */
  get asksOfSource(): boolean {
    return this.#patterns.some(({ filter }) => filter !== null)
  }

  /**
   * Tries the text; on a match the enrichment is written.
   *
   * @param general the dataset is asked only because it is for every program: with headers of its own, it takes no
   *   line that has none of them
   */
  match(line: DatasetLine, out: Enrichment, general = false): boolean {
    const { text: wanted, newlines } = this.definition
    let text = wanted === 'tagged' ? line.tagged : line.text
    if (newlines !== undefined && text.includes(newlines)) text = text.replaceAll(newlines, '\n')
    const matches = this.#matches
    matches.header = null
    matches.body = null
    matches.text = text
    this.#needles.text = text
    this.#head = 0
    const headers = this.#headerChoice.choose(text)
    for (let i = 0; i < headers; i++) {
      const index = this.#headerChoice.chosen[i]
      const header = this.#headers[index]
      const match = this.#try(header, text, line)
      if (match === null) continue
      matches.header = match
      if (header.rest > 0) matches.text = match[header.rest] ?? ''
      this.#head = index + 1
      break
    }
    if (general && !this.recognised) return false
    const body = matches.text
    if (matches.header !== null) this.#needles.text = body
    const patterns = this.#patternChoice.choose(body)
    for (let i = 0; i < patterns; i++) {
      const candidate = this.#patterns[this.#patternChoice.chosen[i]]
      const match = this.#try(candidate, body, line)
      if (match === null) continue
      matches.body = match
      const plan = candidate.plans[this.#head] ?? this.#plan(candidate, this.#head)
      plan.write(out, matches, line.input)
      return true
    }
    if (this.#lift === undefined || this.#lift.lifter(body) === null) return false
    this.#planFor(this.#liftPlans, { lift: this.#lift }).write(out, matches, line.input)
    return true
  }

  /** True when the text that `match` was just tried on may be free text: its header says what it is. */
  get free(): boolean {
    return this.definition.fallback === 'whole' && this.recognised
  }

  /** True when the text that `match` was just tried on had the dataset's header: whatever program sent it, it is its. */
  get headed(): boolean {
    return this.#head > 0
  }

  /** True when the text that `match` was just tried on had the dataset's header, or the dataset has none. */
  get recognised(): boolean {
    return this.#head > 0 || this.#headers.length === 0
  }

  /** Writes what is known of a text that `match` was just tried on in vain. */
  writeUnmatched(line: DatasetLine, out: Enrichment): void {
    out.failed = !this.free
    const plan = out.failed
      ? this.#planFor(this.#failedPlans, { failure: (text) => this.#failure(text) })
      : this.#planFor(this.#freePlans, {})
    plan.write(out, this.#matches, line.input)
  }

  #failure(text: string): string {
    this.#nearest ??= new Nearest(
      this.#patterns.map(({ grok, counter }) => ({ name: counter.name, pattern: grok.source })),
      this.#library,
      this.#guard,
    )
    return `${this.definition.dataset}: no pattern fits${this.#nearest.tell(text)}`
  }

  #try(candidate: Candidate, text: string, line: DatasetLine): RegExpExecArray | null {
    const { prefix, needles, filter, counter } = candidate
    if (prefix !== '' && !text.startsWith(prefix)) return null
    for (let i = 0; i < needles.length; i++) if (!this.#needles.has(needles[i])) return null
    if (filter !== null && !passes(filter(line.source), line.filterText)) return null
    return counter.exec(candidate.guarded, text, this.#guard, line)
  }

  #plan(candidate: Candidate, head: number): Plan {
    const { dataset, set, grok } = candidate
    const plan = new Plan({ ...this.#parts(head), dataset, set, body: grok })
    candidate.plans[head] = plan
    return plan
  }

  #planFor(plans: (Plan | undefined)[], more: Partial<PlanParts>): Plan {
    const head = this.#head
    plans[head] ??= new Plan({ ...this.#parts(head), ...more })
    return plans[head]
  }

  #parts(head: number): PlanParts {
    const { definition } = this
    const header = head === 0 ? null : this.#headers[head - 1].grok
    return { definition, dataset: definition.dataset, set: {}, header, body: null }
  }

  /** All plans that lines can ask for, so that contradictions show. @throws Error */
  check(): { name: string; plan: Plan }[] {
    const heads = [0, ...this.#headers.keys().map((i) => i + 1)]
    return this.#patterns.flatMap((candidate) =>
      heads.map((head) => {
        try {
          return { name: candidate.counter.name, plan: this.#plan(candidate, head) }
        } catch (error) {
          const reason = error instanceof Error ? error.message : String(error)
          throw new Error(`${this.definition.file}: ${candidate.counter.name}: ${reason}`, { cause: error })
        }
      }),
    )
  }

  /** What the patterns and the headers capture, for the index mapping. */
  groks(): CompiledGrok[] {
    return [...this.#headers, ...this.#patterns].map(({ grok }) => grok)
  }
}

export function passes(answer: Answer, text: LineText): boolean {
  return typeof answer === 'boolean' ? answer : answer(text)
}

function liftOf({ values, dataset }: DatasetDefinition): { lifter: Lifter; field: string } | undefined {
  if (values === 'none') return undefined
  if (typeof values === 'string')
    return { lifter: values === 'json' ? liftJson : liftPairs, field: `${dataset}.values` }
  if (values.json !== undefined) return { lifter: liftJson, field: values.json }
  return values.kv === undefined ? undefined : { lifter: liftPairs, field: values.kv }
}
