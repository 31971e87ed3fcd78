import { expandGrok, type Field } from './expand.ts'
import type { PatternLibrary } from './library.ts'
import { type Literal, requiredLiterals } from './literal.ts'
import { translate } from './translate.ts'

export interface Capture extends Field {
  /** Number of the group in the match. */
  group: number
}

/** A grok pattern, ready to be matched. What is asked of it is made when it is first asked for, and after `release`. */
export interface CompiledGrok {
  /** Numbered groups only. @throws GrokError at first use, when the expression is none */
  readonly regex: RegExp
  /** In the order of their groups. A field may have several: of alternatives, the one that took part counts. */
  readonly captures: readonly Capture[]
  /** Literals that a text must contain, the rarest first; empty: none is known. */
  readonly literals: readonly Literal[]
  /** As it was written. */
  readonly source: string
  /** Frees what was made: 1.5 KB, and of all patterns lines come for few. Making it anew takes 0.1 ms. */
  release(): void
}

export interface GrokOptions {
  /** False: the match may begin anywhere in the text. */
  anchored?: boolean
  /** False: `%{INT}` is captured as a field INT. */
  namedCapturesOnly?: boolean
}

/**
 * Compiles a pattern of Logstash's grok.
 * @throws GrokError for an unknown `%{NAME}`, one that asks for itself, a field without a name
 * @example compileGrok('%{IP:source.ip}:%{INT:source.port:int}', PatternLibrary.load({ vocabulary: 'ecs' }))
 */
export function compileGrok(
  pattern: string,
  library: PatternLibrary,
  { anchored = true, namedCapturesOnly = true }: GrokOptions = {},
): CompiledGrok {
  const { text, fields } = expandGrok(pattern, library, namedCapturesOnly)
  return new Compiled(pattern, text, fields, anchored)
}

class Compiled implements CompiledGrok {
  readonly source: string
  readonly #text: string
  readonly #fields: Field[]
  readonly #anchored: boolean
  #made: { regex: RegExp; captures: Capture[]; literals: Literal[] } | null = null

  constructor(source: string, text: string, fields: Field[], anchored: boolean) {
    this.source = source
    this.#text = text
    this.#fields = fields
    this.#anchored = anchored
  }

  get regex(): RegExp {
    return this.#parts().regex
  }

  get captures(): readonly Capture[] {
    return this.#parts().captures
  }

  get literals(): readonly Literal[] {
    return this.#parts().literals
  }

  release(): void {
    this.#made = null
  }

  #parts() {
    this.#made ??= this.#make()
    return this.#made
  }

  #make() {
    const fields = [...this.#fields]
    // What is anchored begins at the start of the text, whatever it says itself.
    const text = this.#anchored ? this.#text.replace(/^(?:\^|\\A|\\G)+(?![*+?{])/, '') : this.#text
    const { source, flags, groups } = translate(text, fields)
    const regex = new RegExp(this.#anchored ? `^${hasChoice(source) ? `(?:${source})` : source}` : source, flags)
    const captures = fields
      .map((field, index) => ({ ...field, group: groups[index] ?? 0 }))
      .filter(({ group }) => group > 0)
      .sort((a, b) => a.group - b.group)
    return { regex, captures, literals: requiredLiterals({ source, flags }) }
  }
}

/** True when a `|` stands outside of all groups and classes. */
function hasChoice(source: string): boolean {
  let depth = 0
  let isClass = false
  for (let at = 0; at < source.length; at++) {
    const char = source.charAt(at)
    if (char === '\\') at++
    else if (isClass) isClass = char !== ']'
    else if (char === '[') isClass = true
    else if (char === '(') depth++
    else if (char === ')') depth--
    else if (char === '|' && depth === 0) return true
  }
  return false
}
