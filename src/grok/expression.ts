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
  /** Null: no text came yet. */
  #regex: RegExp | null = null
  /** Null: it holds what only V8 can do, or no text came yet. */
  #matcher: ByteMatcher | null = null

  constructor(name: string, grok: CompiledGrok) {
    this.name = name
    this.grok = grok
  }

  matches(text: Text, captures: Captures): boolean {
    const regex = this.#regex ?? this.#make()
    const matcher = this.#matcher
    if (matcher !== null && text.isAscii) {
      const { groups } = matcher
      const found = matcher.match(text.memory.bytes, text.from, text.to, captures.room(groups))
      if (found) captures.lieIn(text, groups)
      if (found !== null) return found
    }
    const match = regex.exec(text.string)
    if (match === null) return false
    captures.take(match)
    return true
  }

  #make(): RegExp {
    const { regex } = this.grok
    this.#matcher = byteMatcher(regex)
    this.#regex = regex
    return regex
  }
}
