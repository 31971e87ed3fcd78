import { foldLine } from './shape.ts'

/** Lines of one program and one shape that no pattern fits. */
export interface ShapeCount {
  program: string
  shape: string
  count: number
  /** What the event calls its dataset, empty: none. */
  dataset: string
  /** Message of the first of them, and the line that it came in. */
  example: { message: string; line: string }
  /** By the number of the value in the shape: true when one of the lines has a fraction there. */
  fractions: boolean[]
}

/** Shapes counted at once. When there are more, the rarer half is forgotten. */
const CAPACITY = 8192
/** An example's text; longer ones are kept by their beginning. 8,192 shapes take 40 MB at most. */
const EXAMPLE = 1024

/** Counts shapes in bounded memory: of those that occur often the counts are right, or nearly so. */
export class ShapeCounts {
  readonly #shapes = new Map<string, ShapeCount>()
  /** Lines of shapes that were forgotten. */
  forgotten = 0

  add(line: { program: string; dataset: string; message: string; original: string }): void {
    const { program, dataset, message, original } = line
    const { shape, parts } = foldLine(message)
    const key = `${program}\n${shape}`
    let found = this.#shapes.get(key)
    if (found === undefined) {
      if (this.#shapes.size >= CAPACITY) this.#forget()
      const example = { message: message.slice(0, EXAMPLE), line: original.slice(0, EXAMPLE) }
      found = { program, shape, count: 0, dataset, example, fractions: [] }
      this.#shapes.set(key, found)
    }
    found.count++
    let i = 0
    for (const part of parts) {
      if (typeof part === 'string') continue
      if (part.kind === 'num' && part.text.includes('.')) found.fractions[i] = true
      i++
    }
  }

  /** The most frequent first. */
  top(count: number, program?: string): ShapeCount[] {
    return [...this.#shapes.values()]
      .filter((shape) => program === undefined || shape.program === program)
      .sort((a, b) => b.count - a.count || (a.shape < b.shape ? -1 : 1))
      .slice(0, count)
  }

  /** The program with most lines; undefined: there are no lines. */
  most(): string | undefined {
    const lines = new Map<string, number>()
    for (const { program, count } of this.#shapes.values()) lines.set(program, (lines.get(program) ?? 0) + count)
    return [...lines].sort(([, a], [, b]) => b - a)[0]?.[0]
  }

  #forget(): void {
    const sorted = [...this.#shapes.entries()].sort(([, a], [, b]) => b.count - a.count)
    for (const [key, { count }] of sorted.slice(CAPACITY / 2)) {
      this.forgotten += count
      this.#shapes.delete(key)
    }
  }
}
