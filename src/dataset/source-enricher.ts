import { Memory } from '../event/memory.ts'
import { Text } from '../grok/text.ts'
import type { Answer, Source } from '../route/filter.ts'
import { LineText } from '../route/line-text.ts'
import type { Candidates } from './candidate.ts'
import { type Dataset, type DatasetLine, passes } from './dataset.ts'
import type { Enricher, EnrichInput, Enrichment, Multiline } from './enrichment.ts'
import type { FilterSign } from './filter-signs.ts'
import type { Gate } from './gate.ts'
import { liftJson, liftPairs } from './lift.ts'
import { Lifting } from './lifting.ts'
import type { Needles } from './needles.ts'

/** A text that is looked for in a line. */
export interface LineSign extends FilterSign {
  /** Its number. */
  needle: number
}

/** A dataset that may concern a source's lines. */
export interface Choice {
  dataset: Dataset
  answer: Answer
  /** Its patterns for the source's lines. */
  patterns: Candidates
  /** One of them must be there for the answer to be yes; null: not known. */
  signs: readonly LineSign[] | null
  /** For every program: claims no line that neither its patterns nor its header match. */
  general: boolean
}

/** Of the line at hand: there is one at a time. */
const messageText = new Text()
const taggedText = new Text()

/** The datasets of one source. */
export class SourceEnricher implements Enricher, DatasetLine {
  readonly source: Source
  readonly multiline: Multiline | null
  readonly #choices: readonly Choice[]
  readonly filterText: LineText
  input: EnrichInput
  readonly text = messageText
  #isTagged = false
  readonly #gate: Gate
  readonly #needles: Needles

  /**
   * @param gate in front of those choices that are general
   * @param needles those of the choices
   */
  constructor(source: Source, choices: readonly Choice[], gate: Gate, needles: Needles) {
    this.source = source
    this.#choices = choices.map((choice) => (hasTagged(choice, source) ? { ...choice, signs: null } : choice))
    this.#gate = gate
    this.#needles = needles
    // Not of those for every program: all lines of all others would wait for a next one.
    const joining = choices.find(({ dataset, general }) => !general && dataset.multiline !== null)
    this.multiline = joining?.dataset.multiline ?? null
    this.input = NO_INPUT
    this.filterText = new LineText(NO_INPUT)
  }

  get tagged(): Text {
    if (!this.#isTagged) taggedText.ofString(this.input.match())
    this.#isTagged = true
    return taggedText
  }

  #hasAny(signs: readonly LineSign[] | null): boolean {
    if (signs === null) return true
    for (let i = 0; i < signs.length; i++) {
      const { text, needle, tagged } = signs[i]
      if (this.#needles.has(needle) || (tagged && !this.input.hasPlainPid() && this.input.pid().includes(text)))
        return true
    }
    return false
  }

  enrich(input: EnrichInput, out: Enrichment): boolean {
    this.input = input
    this.text.ofBytes(input.memory, input.header.messageStart, input.header.lineEnd)
    this.#isTagged = false
    this.filterText.reset(input)
    out.reset()
    out.messageIsPlain = this.text.isPlain
    const choices = this.#choices
    const needles = this.#needles
    needles.begin(this.text)
    const gate = this.#gate
    let place = 0
    let best: Dataset | null = null
    for (let i = 0; i < choices.length; i++) {
      const { dataset, patterns, answer, signs, general } = choices[i]
      let first = null
      if (general) {
        if (place === 0) gate.begin(this.text)
        const own = place++
        if (!gate.isOpen(own)) continue
        first = gate.first(own)
      } else if (answer !== true && !(this.#hasAny(signs) && passes(answer, this.filterText))) continue
      if (dataset.match(this, patterns, out, general, first)) return true
      needles.text = this.text
      // Free text under a header that says whose it is, whoever sends it: no other dataset knows more of it.
      if (dataset.headed && dataset.free && dataset.knowsServices) {
        best = dataset
        break
      }
      if (general && !dataset.headed) continue
      // The header of one is better than another's name.
      if (best === null || (!best.headed && dataset.headed) || (!best.recognised && dataset.recognised)) best = dataset
    }
    if (best !== null) {
      best.noteUnmatched(this, out)
      return true
    }
    for (let i = 0; i < LIFTINGS.length; i++) if (LIFTINGS[i].note(this.text, input, out)) return true
    return false
  }
}

/**
 * True when a sign can be in the tag of any of the source's lines. Otherwise a text that is not in the message can only
 * be in a pid that is no number.
 */
function hasTagged({ signs }: Choice, { program }: Source): boolean {
  return signs?.some(({ text, tagged }) => tagged && (program.includes(text) || IN_TAG.test(text))) ?? false
}

const IN_TAG = /[[\]: ]|^[0-9]+$/

const NO_INPUT: EnrichInput = {
  memory: new Memory(new Uint8Array(0)),
  header: { messageStart: 0, lineEnd: 0 },
  pid: () => '',
  hasPlainPid: () => true,
  message: () => '',
  match: () => '',
  sender: '',
  tags: [],
  receivedAt: 0,
  zone: { name: 'UTC', offset: () => 0 },
}

/** A message of no dataset that is one JSON object, or key=value pairs. */
const LIFTINGS = [new Lifting('json', liftJson), new Lifting('kv', liftPairs)]
