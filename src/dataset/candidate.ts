import { type CompiledGrok, compileGrok } from '../grok/compile.ts'
import { GrokExpression } from '../grok/expression.ts'
import type { PatternLibrary } from '../grok/library.ts'
import type { Text } from '../grok/text.ts'
import { compileFilter, type Filter, type Source } from '../route/filter.ts'
import { Chooser } from './chooser.ts'
import { type Expression, narrowLength, readExpression } from './expression.ts'
import type { Constant } from './format.ts'
import type { Needles } from './needles.ts'
import type { PatternCounter } from './pattern-counters.ts'
import type { Plan } from './plan.ts'

/** Literals of a pattern that are looked for before it is tried. */
const NEEDLES = 2
const NARROW = 6
/** An expression that comes to a literal within so many characters fails there before the text has been looked through. */
const NEAR = 64

/** One expression of a pattern or a header. */
export interface Candidate {
  grok: CompiledGrok
  counter: PatternCounter
  matcher: GrokExpression
  /** Literals that must be somewhere in the text, and those of them that are looked for before it is tried. */
  literals: readonly number[]
  needles: readonly number[]
  filter: Filter | null
  dataset: string
  set: Readonly<Record<string, Constant>>
  /** Group of the field `rest`; 0: none. */
  rest: number
  /** By index of the header's candidate + 1. */
  plans: (Plan | undefined)[]
}

/** @throws Error when the pattern is no grok */
export function candidate(
  match: string,
  library: PatternLibrary,
  counter: PatternCounter,
  all: Needles,
  { dataset, set, filter }: { dataset: string; set: Candidate['set']; filter?: string | undefined },
): Candidate {
  const grok = compileGrok(match, library)
  const { regex } = grok
  const expression = readExpression(regex)
  // Few texts begin so: it fails at once where they differ.
  const isNarrow = expression !== null && narrowLength(expression) >= NARROW
  const literals = isNarrow ? [] : grok.literals.slice(0, NEEDLES)
  const numbers = literals.map(({ text }) => all.number(text))
  return {
    grok,
    matcher: new GrokExpression(counter.name, grok),
    counter,
    literals: numbers,
    needles: numbers.filter((_, i) => literals[i].within > NEAR),
    filter: filter === undefined ? null : compileFilter(filter),
    dataset,
    set,
    rest: grok.captures.find(({ field }) => field === 'rest')?.group ?? 0,
    plans: [],
  }
}

/** How its texts begin; null: not known. Read anew for those few that ask: that and what it is read from take 5 MB. */
export function beginningOf({ grok }: Candidate): Expression | null {
  const expression = readExpression(grok.regex)
  grok.release()
  return expression
}

/** Candidates that are tried on one text, in order. */
export class Candidates {
  readonly all: readonly Candidate[]
  readonly #chooser: Chooser<readonly Candidate[]>

  constructor(all: readonly Candidate[]) {
    this.all = all
    this.#chooser = new Chooser(all.map(beginningOf), (left) => left.map((i) => all[i]))
  }

  /** Those that the text may fit, by how it begins. */
  choose(text: Text): readonly Candidate[] {
    return this.#chooser.choose(text)
  }
}

/** A dataset's patterns for lines of one source: without those whose filters say no to it. Few sets for many sources. */
export class CandidatesBySource {
  readonly #all: readonly Candidate[]
  readonly #sets = new Map<string, Candidates>()
  readonly asksOfSource: boolean

  constructor(all: readonly Candidate[]) {
    this.#all = all
    this.asksOfSource = all.some(({ filter }) => filter !== null)
  }

  of(source: Source): Candidates {
    const answers = this.#all.map(({ filter }) => (filter === null ? true : filter(source)))
    const key = this.asksOfSource ? answers.map((answer) => (typeof answer === 'boolean' ? +answer : 2)).join('') : ''
    let set = this.#sets.get(key)
    if (set === undefined) {
      const kept = this.#all.flatMap((one, i): Candidate[] => {
        const answer = answers[i]
        return answer === false ? [] : [answer === true && one.filter !== null ? { ...one, filter: null } : one]
      })
      set = new Candidates(kept)
      this.#sets.set(key, set)
    }
    return set
  }
}
