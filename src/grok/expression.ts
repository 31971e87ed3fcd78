import type { Aside } from './aside.ts'
import { type ByteMatcher, byteMatcher } from './bytes/matcher.ts'
import type { Captures } from './captures.ts'
import type { CompiledGrok } from './compile.ts'
import type { Guarded } from './guard.ts'
import type { Text } from './text.ts'

/** A pattern's expression as lines meet it: tried on their bytes where that is possible, by V8 on a string where not. */
export class GrokExpression implements Guarded {
  readonly name: string
  readonly grok: CompiledGrok
  timedOut = 0
  aside: Aside | null = null
  #regex: RegExp | null = null
  /** Null: it holds what only V8 can do. Undefined: no text came yet. */
  #matcher: ByteMatcher | null | undefined

  constructor(name: string, grok: CompiledGrok) {
    this.name = name
    this.grok = grok
  }

  matches(text: Text, captures: Captures): boolean {
    if (this.#matcher === undefined) this.#make()
    const matcher = this.#matcher
    if (matcher && text.isAscii) {
      const { groups } = matcher
      const found = matcher.match(text.memory, text.from, text.to, captures.room(groups))
      if (found) captures.lieIn(text, groups)
      if (found !== null) return found
    }
    const match = this.#regex?.exec(text.string)
    if (!match) return false
    captures.take(match)
    return true
  }

  #make(): void {
    this.#regex = this.grok.regex
    this.#matcher = byteMatcher(this.#regex)
  }
}
