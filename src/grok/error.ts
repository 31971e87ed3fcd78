/** What is wrong with a grok pattern. `offset` is an index into `pattern`, the text that it was found in. */
export class GrokError extends Error {
  override name = 'GrokError'
  readonly pattern: string
  readonly offset: number

  /** @param place the name of the library's pattern that the text belongs to, or null for the pattern itself */
  constructor(problem: string, pattern: string, offset: number, place: string | null = null) {
    const where = place === null ? '' : ` of ${place}`
    super(`${problem} (character ${offset + 1}${where}: ${excerpt(pattern, offset)})`)
    this.pattern = pattern
    this.offset = offset
  }
}

const BEFORE = 12
const AFTER = 28

function excerpt(text: string, offset: number): string {
  const from = Math.max(0, offset - BEFORE)
  const to = offset + AFTER
  return `${from > 0 ? '…' : ''}${text.slice(from, to)}${to < text.length ? '…' : ''}`
}
