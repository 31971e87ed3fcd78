// Stands in until src/grok is there: the same interface, without translation of Oniguruma.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../grok-patterns', import.meta.url))

export class PatternLibrary {
  readonly #map: Map<string, string>
  constructor(map: Map<string, string>) {
    this.#map = map
  }
  static load({ vocabulary, dirs = [] }: { vocabulary: 'ecs' | 'legacy'; dirs?: string[] }): PatternLibrary {
    const map = new Map<string, string>()
    const files = [
      join(ROOT, 'base'),
      ...[join(ROOT, vocabulary), ...dirs].flatMap((d) => readdirSync(d).map((f) => join(d, f))),
    ]
    for (const file of files)
      for (const line of readFileSync(file, 'utf8').split('\n')) {
        const m = /^([\w-]+)\s+(.+)$/.exec(line)
        if (m && !line.startsWith('#')) map.set(m[1], m[2])
      }
    return new PatternLibrary(map)
  }
  get(name: string): string | undefined {
    return this.#map.get(name)
  }
  names() {
    return [...this.#map.keys()]
  }
  with(definitions: Readonly<Record<string, string>>): PatternLibrary {
    return new PatternLibrary(new Map([...this.#map, ...Object.entries(definitions)]))
  }
}

export interface CompiledGrok {
  regex: RegExp
  captures: { group: number; field: string; path: string[]; type: 'string' | 'int' | 'float'; pattern: string }[]
  prefilter: string | null
  source: string
}

export function compileGrok(pattern: string, library: PatternLibrary): CompiledGrok {
  const captures: CompiledGrok['captures'] = []
  const fields: { field: string; type: 'string' | 'int' | 'float'; pattern: string }[] = []
  const expand = (text: string, depth: number): string => {
    if (depth > 30) throw new Error('patterns that ask themselves never end')
    return text.replace(
      /%\{([\w-]+)(?::([^:}]+))?(?::(int|float|string))?\}/g,
      (_, name: string, field?: string, type?: 'int') => {
        const body = library.get(name)
        if (body === undefined) throw new Error(`there is no pattern ${name}`)
        const inner = expand(body, depth + 1)
        if (field === undefined) return `(?:${inner})`
        fields.push({ field, type: type ?? 'string', pattern: name })
        return `(?<f${fields.length - 1}_>${inner})`
      },
    )
  }
  let source = expand(pattern, 0)
  source = source
    .replace(/\\b\?/g, '')
    .replace(/\(\?>/g, '(?:')
    .replace(/([+*?])\+/g, '$1')
    .replace(/\(\?<(?!f\d+_>|[=!])([^>]+)>/g, (_, field: string) => {
      fields.push({ field, type: 'string', pattern: '' })
      return `(?<f${fields.length - 1}_>`
    })
    .replace(/\[:alnum:\]/g, 'a-zA-Z0-9')
    .replace(/\[:alpha:\]/g, 'a-zA-Z')
    .replace(/\[:xdigit:\]/g, '0-9a-fA-F')
    .replace(/\\h/g, '[ \\t]')
  let group = 0
  source = source.replace(
    /\\.|\[(?:\\.|[^\]\\])*\]|\((?:\?(?:<f(\d+)_>|(<[=!])|(.)))?/gs,
    (whole, f?: string, look?: string, other?: string) => {
      if (!whole.startsWith('(')) return whole
      if (f !== undefined) {
        group++
        const { field, type, pattern } = fields[Number(f)]
        const path = field.startsWith('[') ? [...field.matchAll(/\[([^\]]+)\]/g)].map((m) => m[1]) : field.split('.')
        captures.push({ group, field: path.join('.'), path, type, pattern })
        return '('
      }
      if (look !== undefined || other !== undefined) return whole
      return '(?:'
    },
  )
  return {
    regex: new RegExp(`^(?:${source})`.replace(/^\^\(\?:((?:[^|()]|\\[|()])*)\)$/, '^$1')),
    captures,
    prefilter: null,
    source: pattern,
  }
}
