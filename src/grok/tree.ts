import type { PatternLibrary } from './library.ts'

/** A named pattern and those that stand in it, each once. */
export interface ReferenceTree {
  name: string
  pattern: string
  madeOf: ReferenceTree[]
}

/** What the named pattern is made of. The library's patterns must have been compiled: none asks for itself. */
export function referenceTree(name: string, library: PatternLibrary): ReferenceTree[] {
  const names = new Set([...(library.get(name) ?? '').matchAll(/%\{([\w-]+)/g)].map(([, inner = '']) => inner))
  return [...names].map((inner) => ({
    name: inner,
    pattern: library.get(inner) ?? '',
    madeOf: referenceTree(inner, library),
  }))
}
