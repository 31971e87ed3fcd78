import { filterConfig } from '../route/config.ts'
import { compileFilter } from '../route/filter.ts'
import { FilterError } from '../route/filter-error.ts'
import type { Finding } from './cross-check.ts'
import type { Path } from './yaml.ts'

/** `filter(name)` of filters that do not exist, or that need themselves. Filters with errors of their own are let be. */
export function filterReferences(rawFilters: unknown, routeFilters: readonly [path: Path, text: string][]): Finding[] {
  const entries = Object.entries(typeof rawFilters === 'object' && rawFilters !== null ? rawFilters : {})
  const names = entries.map(([name]) => name)
  const texts = new Map(
    entries.flatMap(([name, raw]): [string, string][] => {
      const { data } = filterConfig.safeParse(raw)
      return data === undefined ? [] : [[name, data]]
    }),
  )
  return [
    ...[...texts].flatMap(([name, text]) => {
      const path = ['filters', name]
      const circular = filtersIn(text).some((other) => leadsTo(other, name, texts))
      return circular ? [{ path, message: `filter "${name}" needs itself` }] : unknown(text, path, names)
    }),
    ...routeFilters.flatMap(([path, text]) => unknown(text, path, names)),
  ]
}

function unknown(text: string, path: Path, names: readonly string[]): Finding[] {
  try {
    compileFilter(text, (name) => (names.includes(name) ? () => true : undefined), names)
    return []
  } catch (error) {
    if (!(error instanceof FilterError)) throw error
    const { line, column, problem } = error
    return [{ path, inside: { line, column }, message: problem }]
  }
}

/** Names of the filters that a filter asks. */
export function filtersIn(text: string): string[] {
  const names: string[] = []
  compileFilter(text, (name) => {
    names.push(name)
    return () => true
  })
  return names
}

function leadsTo(name: string, wanted: string, texts: ReadonlyMap<string, string>, seen = new Set<string>()): boolean {
  if (name === wanted) return true
  const text = texts.get(name)
  if (text === undefined || seen.has(name)) return false
  seen.add(name)
  return filtersIn(text).some((other) => leadsTo(other, wanted, texts, seen))
}
