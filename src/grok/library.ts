import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { UserError } from '../errors.ts'

/** Which names fields get: ECS's (`[source][address]`) or those of the years before it (`clientip`). */
export type Vocabulary = 'ecs' | 'legacy'

/** One definition and the place it was read from. */
export interface Definition {
  name: string
  pattern: string
  file: string
  /** From 1. */
  line: number
}

const SHIPPED = fileURLToPath(new URL('../../grok-patterns', import.meta.url))
/** Logstash's own format: blanks, name, blanks, everything else up to the end of the line. */
const LINE = /^\s*(\S+)\s+(.*)$/
const NAME = /^[\w-]+$/

/** Named patterns, from files in Logstash's own format: `NAME regex` a line, `#` before comments. */
export class PatternLibrary {
  readonly #definitions: ReadonlyMap<string, Definition>

  private constructor(definitions: ReadonlyMap<string, Definition>) {
    this.#definitions = definitions
  }

  /**
   * The shipped patterns and those of `dirs`; of two with one name the later stands, so that a directory of one's own
   * can change what is shipped.
   * @throws UserError when a directory or a line of it can't be read
   */
  static load({ vocabulary, dirs = [] }: { vocabulary: Vocabulary; dirs?: readonly string[] }): PatternLibrary {
    const files = [join(SHIPPED, 'base'), ...filesOf(join(SHIPPED, vocabulary)), ...dirs.flatMap(filesOf)]
    return new PatternLibrary(new Map(files.flatMap(readPatterns).map((one) => [one.name, one])))
  }

  get(name: string): string | undefined {
    return this.#definitions.get(name)?.pattern
  }

  definition(name: string): Definition | undefined {
    return this.#definitions.get(name)
  }

  names(): string[] {
    return [...this.#definitions.keys()]
  }

  /** A library with these definitions too. */
  with(definitions: Readonly<Record<string, string>>, file = ''): PatternLibrary {
    const more = Object.entries(definitions).map(([name, pattern]): [string, Definition] => [
      name,
      { name, pattern, file, line: 0 },
    ])
    return new PatternLibrary(new Map([...this.#definitions, ...more]))
  }
}

function filesOf(dir: string): string[] {
  try {
    if (!statSync(dir).isDirectory()) return [dir]
    const entries = readdirSync(dir, { withFileTypes: true })
    const names = entries.filter((entry) => !entry.isDirectory() && !/^\.|~$/.test(entry.name)).map(({ name }) => name)
    return names.sort().map((name) => join(dir, name))
  } catch (error) {
    throw new UserError(`patterns: ${dir} can't be read: ${reasonOf(error)}`, 78)
  }
}

function readPatterns(file: string): Definition[] {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw new UserError(`patterns: ${file} can't be read: ${reasonOf(error)}`, 78)
  }
  return text.split(/\r?\n/).flatMap((written, index) => {
    const line = index === 0 ? written.replace(/^\uFEFF/, '') : written
    if (/^\s*(?:#|$)/.test(line)) return []
    const [, name, pattern] = LINE.exec(line) ?? []
    if (name === undefined || pattern === undefined || !NAME.test(name)) {
      throw new UserError(`${file}:${index + 1}: wanted: NAME, a blank, a pattern; got: ${line.slice(0, 60)}`, 78)
    }
    return [{ name, pattern, file, line: index + 1 }]
  })
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
