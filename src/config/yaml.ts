import { isMap, isScalar, LineCounter, type Node, type Pair, parseDocument, Scalar, visit } from 'yaml'
import { show } from './units.ts'

export type Path = readonly (string | number)[]

/** `receive[0].lanes`. */
export function showPath(path: Path): string {
  const text = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${part}`)).join('')
  return text.replace(/^\./, '')
}

/** Something wrong with a config file, at a place in it. */
export interface Problem {
  /** Both from 1. */
  line: number
  column: number
  message: string
}

/** A YAML file as plain values, with `${VAR}` filled in, that still knows where each value stands. */
export interface Source {
  /** undefined when it is no YAML; where a variable is not set, the text stays as it was. */
  value: unknown
  problems: Problem[]
  /** Place of the value at `path`, or of the nearest value around it that the file has. */
  at(path: Path): { line: number; column: number }
  /** Place of a key of the mapping at `path`. */
  atKey(path: Path, key: string): { line: number; column: number }
  /** Place within the text at `path`; line and column count from 1 in the text as it was read. */
  inside(path: Path, line: number, column: number): { line: number; column: number }
}

/** Reads YAML 1.2. `isTemplate` tells by its keys (no list indexes) which text is an archive template. */
export function readYaml(
  text: string,
  env: Readonly<Record<string, string | undefined>>,
  isTemplate: (keys: readonly string[]) => boolean,
): Source {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const place = (offset: number) => {
    const { line, col } = lines.linePos(offset)
    return { line: Math.max(1, line), column: Math.max(1, col) }
  }
  const problems: Problem[] = [...document.errors, ...document.warnings].map((error) => ({
    ...place(error.pos[0]),
    message: error.message.split('\n')[0],
  }))

  visit(document, {
    Scalar(key, scalar, parents) {
      if (key === 'key' || typeof scalar.value !== 'string') return
      const keys = parents.flatMap((parent) => ('key' in parent ? [String(keyOf(parent))] : []))
      try {
        const filled = fill(scalar.value, env, isTemplate(keys))
        if (filled !== scalar.value) scalar.value = scalar.type === Scalar.PLAIN ? plainValue(filled) : filled
      } catch (error) {
        if (!(error instanceof Unset)) throw error
        problems.push({ ...place(scalar.range?.[0] ?? 0), message: error.message })
      }
    },
  })

  let value: unknown
  try {
    if (document.errors.length === 0) value = document.toJS() ?? {}
  } catch (error) {
    // Aliases of aliases of …, which would fill the memory.
    problems.push({ line: 1, column: 1, message: error instanceof Error ? error.message : String(error) })
  }

  const nodeAt = (path: Path): Node | null => {
    for (let length = path.length; length > 0; length -= 1) {
      const node = document.getIn(path.slice(0, length), true)
      if (typeof node === 'object' && node !== null && 'range' in node) return node as Node
    }
    return document.contents
  }
  const start = (node: Node | null) => node?.range?.[0] ?? 0
  return {
    value,
    problems,
    at: (path) => place(start(nodeAt(path))),
    atKey(path, key) {
      const map = path.length === 0 ? document.contents : document.getIn(path, true)
      const pair = isMap(map) ? map.items.find((item) => String(keyOf(item)) === key) : undefined
      const node = pair?.key
      return place(isScalar(node) ? start(node) : start(nodeAt(path)))
    },
    inside(path, line, column) {
      const node = nodeAt(path)
      const offset = start(node)
      if (!isScalar(node) || typeof node.value !== 'string') return place(offset)
      // The line as it was read, found again in the file; escapes or variables make it differ: then where it begins.
      const wanted = node.value.split('\n')[line - 1] ?? ''
      const found = text.slice(offset, node.range?.[1]).indexOf(wanted)
      return place(found === -1 ? offset : offset + found + column - 1)
    },
  }
}

function keyOf(pair: Pair): unknown {
  return isScalar(pair.key) ? pair.key.value : pair.key
}

/** A variable without a value and without a default. */
class Unset extends Error {}

/**
 * `${VAR}` and `${VAR:-default}` (also for an empty VAR); `$${` stands for `${`. In an archive template names with a
 * small letter at the front are the template's own fields, and stay.
 */
function fill(text: string, env: Readonly<Record<string, string | undefined>>, template: boolean): string {
  return text.replace(
    /(\$?)\$\{([A-Za-z_]\w*)(?::-([^}]*))?\}/g,
    (whole, dollar: string, name: string, fallback?: string) => {
      if (template && /^[a-z]/.test(name)) return whole
      if (dollar !== '') return whole.slice(1)
      const value = env[name]
      if (value !== undefined && (value !== '' || fallback === undefined)) return value
      if (fallback !== undefined) return fallback
      throw new Unset(`the environment variable ${name} is not set; set it, or write ${show(`\${${name}:-default}`)}`)
    },
  )
}

/** What an unquoted scalar would have meant, had the variable's text stood in the file. */
function plainValue(text: string): string | number | boolean {
  if (text === 'true' || text === 'false') return text === 'true'
  return /^-?(0|[1-9]\d*)(\.\d+)?$/.test(text) ? Number(text) : text
}
