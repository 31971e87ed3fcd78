import { Assembler } from 'stream-json/core/assembler.js'
import type { Token } from 'stream-json/core/parser.js'

/**
 * Finds the JSON documents in a stream of tokens, holding one at a time:
 * - objects one after another (NDJSON), in arrays, in arrays of arrays;
 * - the hits of Elasticsearch search responses, `{"hits":{"hits":[{"_source":…}]}}`, however long the array is, and
 *   of several responses one after another, as scrolling writes them.
 */
export class DocumentFinder {
  /** Values that stand where a document should, but are none: numbers, strings, null. */
  strays = 0
  /** From outside to inside: among documents, in a document, after the hits of a response. */
  #inside: ('values' | 'document' | 'response')[] = ['values']
  #document = new Assembler()
  /** Open objects and arrays of the response whose hits are being read or were read. */
  #responseDepths: number[] = []

  /** A document has begun and is held in memory. */
  get holding(): boolean {
    return this.#inside.at(-1) === 'document'
  }

  take(token: Token, found: (document: unknown) => void): void {
    const inside = this.#inside.at(-1)
    if (inside === 'document') this.#inDocument(token, found)
    else if (inside === 'response') this.#afterHits(token)
    else if (token.name === 'startArray') this.#inside.push('values')
    else if (token.name === 'endArray') this.#inside.pop()
    else if (token.name === 'startObject') {
      this.#inside.push('document')
      this.#document.consume(token)
    } else this.strays++
  }

  #inDocument(token: Token, found: (document: unknown) => void): void {
    const document = this.#document.consume(token)
    if (document.depth === 0) {
      const value = document.current
      document.current = null
      this.#inside.pop()
      found(value)
    } else if (token.name === 'startArray' && document.depth === 3 && isHits(document)) {
      this.#document = new Assembler()
      this.#responseDepths.push(2)
      this.#inside.pop()
      this.#inside.push('response', 'values')
    }
  }

  #afterHits(token: Token): void {
    const last = this.#responseDepths.length - 1
    if (token.name === 'startObject' || token.name === 'startArray') this.#responseDepths[last]++
    else if (token.name === 'endObject' || token.name === 'endArray') this.#responseDepths[last]--
    if (this.#responseDepths[last] === 0) {
      this.#responseDepths.pop()
      this.#inside.pop()
    }
  }
}

function isHits(document: Assembler): boolean {
  const path = document.path
  return path[0] === 'hits' && path[1] === 'hits'
}
