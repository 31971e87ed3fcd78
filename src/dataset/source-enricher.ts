import type { Answer, Source } from '../route/filter.ts'
import { LineText } from '../route/line-text.ts'
import { type Dataset, type DatasetLine, passes } from './dataset.ts'
import type { Enricher, EnrichInput, Enrichment, Multiline } from './enrichment.ts'
import type { FilterSign } from './filter-signs.ts'
import type { DatasetDefinition } from './format.ts'
import { type Lifter, liftJson, liftPairs } from './lift.ts'
import { Plan } from './plan.ts'

/** Characters of a line that patterns see: what a hostile line can cost is bounded. */
const TEXT_LENGTH = 8192

/** A dataset that may concern a source's lines. */
export interface Choice {
  dataset: Dataset
  answer: Answer
  /** One of them must be there for the answer to be yes; null: not known. */
  signs: readonly FilterSign[] | null
  /** For every program: claims no line that neither its patterns nor its header match. */
  general: boolean
}

/** The datasets of one source. */
export class SourceEnricher implements Enricher, DatasetLine {
  readonly source: Source
  readonly multiline: Multiline | null
  readonly #choices: readonly Choice[]
  readonly filterText: LineText
  input: EnrichInput
  #text: string | null = null
  #tagged: string | null = null
  #pid: string | null = null

  constructor(source: Source, choices: readonly Choice[]) {
    this.source = source
    this.#choices = choices
    // Not of those for every program: all lines of all others would wait for a next one.
    const joining = choices.find(({ dataset, general }) => !general && dataset.multiline !== null)
    this.multiline = joining?.dataset.multiline ?? null
    this.input = NO_INPUT
    this.filterText = new LineText(NO_INPUT)
  }

  get text(): string {
    this.#text ??= bounded(this.input.message())
    return this.#text
  }

  get tagged(): string {
    this.#tagged ??= bounded(this.input.match())
    return this.#tagged
  }

  #hasAny(signs: readonly FilterSign[] | null): boolean {
    if (signs === null) return true
    for (let i = 0; i < signs.length; i++) {
      const { text, tagged } = signs[i]
      if (this.text.includes(text) || (tagged && this.#tagMayHave(text))) return true
    }
    return false
  }

  /** A text that is not in the message, and has none of the tag's punctuation, can be in the program or the pid. */
  #tagMayHave(text: string): boolean {
    if (TAG.test(text) || this.source.program.includes(text)) return true
    this.#pid ??= this.input.pid()
    return this.#pid.includes(text)
  }

  enrich(input: EnrichInput, out: Enrichment): boolean {
    this.input = input
    this.#text = null
    this.#tagged = null
    this.#pid = null
    this.filterText.reset(input)
    out.reset()
    const choices = this.#choices
    let best: Dataset | null = null
    for (let i = 0; i < choices.length; i++) {
      const { dataset, answer, signs, general } = choices[i]
      if (general && !dataset.concerns(this)) continue
      if (answer !== true && !(this.#hasAny(signs) && passes(answer, this.filterText))) continue
      if (dataset.match(this, out, general)) return true
      // Free text under a header that says whose it is, whoever sends it: no other dataset knows more of it.
      if (dataset.headed && dataset.free && dataset.definition.services !== undefined) {
        best = dataset
        break
      }
      if (general && !dataset.headed) continue
      // The header of one is better than another's name.
      if (best === null || (!best.headed && dataset.headed) || (!best.recognised && dataset.recognised)) best = dataset
    }
    if (best !== null) {
      best.writeUnmatched(this, out)
      return true
    }
    return liftPlain(this.text, this, out)
  }
}

const TAG = /[[\]: ]/

const NO_INPUT: EnrichInput = {
  pid: () => '',
  message: () => '',
  match: () => '',
  sender: '',
  tags: [],
  receivedAt: 0,
  zone: { name: 'UTC', offset: () => 0 },
}

function bounded(text: string): string {
  return text.length > TEXT_LENGTH ? text.slice(0, TEXT_LENGTH) : text
}

const liftings: [string, Lifter][] = [
  ['json', liftJson],
  ['kv', liftPairs],
]
const liftPlans = new Map<string, Plan>()

/** A message of no dataset that is one JSON object, or key=value pairs. */
function liftPlain(text: string, { input }: DatasetLine, out: Enrichment): boolean {
  for (const [name, lifter] of liftings) {
    if (lifter(text) === null) continue
    let plan = liftPlans.get(name)
    if (plan === undefined) {
      plan = new Plan({
        definition: NO_FILE,
        dataset: name,
        set: {},
        header: null,
        body: null,
        lift: { lifter, field: name },
      })
      liftPlans.set(name, plan)
    }
    plan.write(out, { header: null, body: null, text }, input)
    return true
  }
  return false
}

const NO_FILE: DatasetDefinition = {
  dataset: 'plain',
  file: '',
  programs: [],
  text: 'message',
  definitions: {},
  patterns: [],
  fallback: 'whole',
  set: {},
  fields: {},
  dates: {},
  durations: {},
  lookup: {},
  related: {},
  values: 'none',
}
