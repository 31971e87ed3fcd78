import { UserError } from '../errors.ts'

/**
 * A filter that can't be used: exit code 78, and a message of three lines for people:
 *
 *     line 1, column 9: expected a pattern, came ")"
 *       program()
 *               ^
 */
export class FilterError extends UserError {
  override name = 'FilterError'
  /** Both from 1, within the filter's own text. */
  readonly line: number
  readonly column: number
  /** The problem alone, without place and excerpt: for callers that know a better place. */
  readonly problem: string
  /** Which filter it is about, when that is known. */
  readonly source: string | undefined
  readonly #text: string
  readonly #offset: number

  /** `offset`: index into `text`; `source` names the filter, such as `route "nova"`. */
  constructor(problem: string, text: string, offset: number, source?: string) {
    const { line, column } = lineAndColumn(text, offset)
    const excerpt = text.split('\n')[line - 1] ?? ''
    // A tab before the place stays a tab, so that the caret stands below it at any tab width.
    const indent = excerpt.slice(0, column - 1).replaceAll(/[^\t]/g, ' ')
    const where = source === undefined ? '' : `${source}, `
    super(`${where}line ${line}, column ${column}: ${problem}\n  ${excerpt.trimEnd()}\n  ${indent}^`, 78)
    this.line = line
    this.column = column
    this.problem = problem
    this.source = source
    this.#text = text
    this.#offset = offset
  }

  /** The same error, saying which filter it is about. */
  from(source: string): FilterError {
    return new FilterError(this.problem, this.#text, this.#offset, source)
  }
}

export function lineAndColumn(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset)
  return { line: before.split('\n').length, column: offset - before.lastIndexOf('\n') }
}
