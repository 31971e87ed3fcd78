import type { Captures } from '../grok/captures.ts'
import type { CompiledGrok } from '../grok/compile.ts'
import type { Guard } from '../grok/guard.ts'
import type { PatternLibrary } from '../grok/library.ts'
import { Text } from '../grok/text.ts'
import type { Answer, Source } from '../route/filter.ts'
import type { LineText } from '../route/line-text.ts'
import { beginningOf, type Candidate, Candidates, CandidatesBySource, candidate } from './candidate.ts'
import { type EnrichInput, type Enrichment, LineMatches, type Multiline } from './enrichment.ts'
import type { DatasetDefinition } from './format.ts'
import type { Sign } from './gate.ts'
import { type Lifter, liftJson, liftPairs } from './lift.ts'
import { Nearest } from './nearest.ts'
import type { Needles } from './needles.ts'
import type { PatternCounter } from './pattern-counters.ts'
import { Plan, type PlanParts } from './plan.ts'

/** A line, as datasets look at it. */
export interface DatasetLine {
  input: EnrichInput
  source: Source
  /** The message and the tag with the message. */
  readonly text: Text
  readonly tagged: Text
  readonly filterText: LineText
}

/** One dataset file with its patterns compiled. Made when the first line of its programs comes. */
export class Dataset {
  readonly definition: DatasetDefinition
  readonly multiline: Multiline | null
  readonly #guard: Guard | null
  readonly #library: PatternLibrary
  /** Made when the first text fits none of the patterns. */
  #nearest: Nearest | null = null
  readonly #headers: Candidates
  readonly #patterns: readonly Candidate[]
  readonly #bySource: CandidatesBySource
  readonly #needles: Needles
  // What is asked of each line is kept here: definitions have as many shapes as files.
  readonly #tagged: boolean
  readonly #whole: boolean
  /** How line feeds are written, and the number of that needle; empty and -1: as they are. */
  readonly #lineFeed: string
  readonly #newlines: number
  /** True when it knows the services that its lines come from. */
  readonly knowsServices: boolean
  readonly #lift: { lifter: Lifter; field: string } | undefined
  readonly #matches = new LineMatches()
  /** A text with its line feeds, and what the header leaves of a text. */
  readonly #unbroken = new Text()
  readonly #rest = new Text()
  #head = 0
  readonly #freePlans: (Plan | undefined)[] = []
  readonly #failedPlans: (Plan | undefined)[] = []
  readonly #liftPlans: (Plan | undefined)[] = []

  /**
   * @param needles those of all datasets that are asked about the same texts
   * @throws Error that names the pattern, when one is no grok
   */
  constructor(
    definition: DatasetDefinition,
    shared: PatternLibrary,
    guard: Guard | null,
    counterOf: (name: string) => PatternCounter,
    needles: Needles,
  ) {
    this.#guard = guard
    this.#needles = needles
    this.definition = definition
    const { multiline } = definition
    this.multiline = multiline === undefined ? null : { ...multiline, continues: new RegExp(multiline.continues) }
    const { dataset, header = [], patterns, definitions } = definition
    const library = Object.keys(definitions).length === 0 ? shared : shared.with(definitions)
    this.#library = library
    const compile = (match: string, name: string, of: Parameters<typeof candidate>[4]): Candidate => {
      try {
        return candidate(match, library, counterOf(`${dataset}/${name}`), needles, of)
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error)
        throw new Error(`${definition.file}: ${name}: ${reason}`, { cause: error })
      }
    }
    this.#headers = new Candidates(header.map((match) => compile(match, 'header', { dataset, set: {} })))
    this.#patterns = patterns.flatMap(({ name, match, set, dataset: own = dataset, filter }) =>
      match.map((one) => compile(one, name, { dataset: own, set, filter })),
    )
    this.#bySource = new CandidatesBySource(this.#patterns)
    this.#tagged = definition.text === 'tagged'
    this.#whole = definition.fallback === 'whole'
    this.#lineFeed = definition.newlines ?? ''
    this.#newlines = this.#lineFeed === '' ? -1 : needles.number(this.#lineFeed)
    this.knowsServices = definition.services !== undefined
    this.#lift = liftOf(definition)
  }

  /** What lines of the dataset have, of which one is enough; null: they can have anything. */
  signs(patterns: Candidates): Sign[] | null {
    const first = this.#headers.all.length > 0 ? this.#headers : patterns
    if (this.#tagged || (first === patterns && this.#lift !== undefined)) return null
    const broken = this.#newlines < 0 ? [] : [{ expression: null, needles: [this.#newlines], candidate: null }]
    return [
      ...broken,
      ...first.all.map((one) => ({ expression: beginningOf(one), needles: one.literals, candidate: one })),
    ]
  }

  /** The patterns for lines of a source. */
  patterns(source: Source): Candidates {
    return this.#bySource.of(source)
  }

  /** True when a pattern has a filter of its own. */
  get asksOfSource(): boolean {
    return this.#bySource.asksOfSource
  }

  /**
   * Tries the text; on a match it is noted for the enrichment.
   *
   * @param general the dataset is asked only because it is for every program: with headers of its own, it takes no
   *   line that has none of them
   * @param first those of what is tried first that the text may fit; null: not known
   */
  match(
    line: DatasetLine,
    patterns: Candidates,
    out: Enrichment,
    general: boolean,
    first: readonly Candidate[] | null,
  ): boolean {
    let known = first
    let text = this.#tagged ? line.tagged : line.text
    const needles = this.#needles
    needles.text = text
    if (this.#newlines >= 0 && needles.has(this.#newlines)) {
      text = this.#unbroken.ofString(text.string.replaceAll(this.#lineFeed, '\n'))
      needles.text = text
      known = null
    }
    const matches = this.#matches
    matches.begin(text)
    this.#head = 0
    const headers = this.#headers
    if (headers.all.length > 0) {
      const chosen = known ?? headers.choose(text)
      known = null
      for (let i = 0; i < chosen.length; i++) {
        const header = chosen[i]
        if (!this.#try(header, text, matches.header, line)) continue
        if (header.rest > 0) matches.text = this.#restOf(text, matches.header, header.rest)
        this.#head = headers.all.indexOf(header) + 1
        break
      }
    }
    if (general && !this.recognised) return false
    const body = matches.text
    needles.text = body
    const chosen = known ?? patterns.choose(body)
    for (let i = 0; i < chosen.length; i++) {
      const candidate = chosen[i]
      if (!this.#try(candidate, body, matches.body, line)) continue
      const plan = candidate.plans[this.#head] ?? this.#plan(candidate, this.#head)
      out.note(plan, matches, line.input)
      return true
    }
    if (this.#lift === undefined || this.#lift.lifter(body) === null) return false
    out.note(this.#planFor(this.#liftPlans, { lift: this.#lift }), matches, line.input)
    return true
  }

  /** True when the text that `match` was just tried on may be free text: its header says what it is. */
  get free(): boolean {
    return this.#whole && this.recognised
  }

  /** True when the text that `match` was just tried on had the dataset's header: whatever program sent it, it is its. */
  get headed(): boolean {
    return this.#head > 0
  }

  /** True when the text that `match` was just tried on had the dataset's header, or the dataset has none. */
  get recognised(): boolean {
    return this.#head > 0 || this.#headers.all.length === 0
  }

  /** Notes what is known of a text that `match` was just tried on in vain. */
  noteUnmatched(line: DatasetLine, out: Enrichment): void {
    out.failed = !this.free
    const plan = out.failed
      ? this.#planFor(this.#failedPlans, { failure: (text) => this.#failure(text) })
      : this.#planFor(this.#freePlans, {})
    out.note(plan, this.#matches, line.input)
  }

  #failure(text: string): string {
    this.#nearest ??= new Nearest(
      this.#patterns.map(({ grok, counter }) => ({ name: counter.name, pattern: grok.source })),
      this.#library,
      this.#guard,
    )
    return `${this.definition.dataset}: no pattern fits${this.#nearest.tell(text)}`
  }

  #try(candidate: Candidate, text: Text, captures: Captures, line: DatasetLine): boolean {
    const { needles, filter, counter, matcher } = candidate
    if (!this.#needles.hasAll(needles)) return false
    if (filter !== null && !passes(filter(line.source), line.filterText)) return false
    return counter.matches(matcher, text, captures, this.#guard, line)
  }

  #restOf(text: Text, { memory, ranges }: Captures, group: number): Text {
    const from = ranges[2 * group]
    const to = ranges[2 * group + 1]
    if (from < 0) return this.#rest.partOf(text, text.from, text.from)
    // What V8 found lies elsewhere.
    return memory === text.memory ? this.#rest.partOf(text, from, to) : this.#rest.ofString(memory.text(from, to))
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
    const header = head === 0 ? null : this.#headers.all[head - 1].grok
    return { definition, dataset: definition.dataset, set: {}, header, body: null }
  }

  /** All plans that lines can ask for, so that contradictions show. @throws Error */
  check(): { name: string; plan: Plan }[] {
    const heads = [0, ...this.#headers.all.keys().map((i) => i + 1)]
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
    return [...this.#headers.all, ...this.#patterns].map(({ grok }) => grok)
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
