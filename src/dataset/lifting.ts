import type { Text } from '../grok/text.ts'
import { type EnrichInput, type Enrichment, LineMatches } from './enrichment.ts'
import type { DatasetDefinition } from './format.ts'
import type { Lifter } from './lift.ts'
import { Plan } from './plan.ts'

/** Texts of no dataset that are an object all the same. */
export class Lifting {
  readonly #name: string
  readonly #lifter: Lifter
  #plan: Plan | null = null
  readonly #matches = new LineMatches()

  /** @param name of the field, and what `event.dataset` then says */
  constructor(name: string, lifter: Lifter) {
    this.#name = name
    this.#lifter = lifter
  }

  /** False when the text is none. */
  note(text: Text, input: EnrichInput, out: Enrichment): boolean {
    if (this.#lifter(text) === null) return false
    this.#plan ??= new Plan({
      definition: NO_FILE,
      dataset: this.#name,
      set: {},
      header: null,
      body: null,
      lift: { lifter: this.#lifter, field: this.#name },
    })
    this.#matches.begin(text)
    out.note(this.#plan, this.#matches, input)
    return true
  }
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
