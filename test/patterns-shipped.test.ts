import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { compileGrok } from '../src/grok/compile.ts'
import { PatternLibrary } from '../src/grok/library.ts'

const ROOT = new URL('../grok-patterns/', import.meta.url)
const vocabularies = ['ecs', 'legacy'] as const

/** Names in the order of their definition. */
function namesIn(path: string): string[] {
  const text = readFileSync(new URL(path, ROOT), 'utf8')
  return text.split('\n').flatMap((line) => /^([A-Z]\w*) /.exec(line)?.[1] ?? [])
}

describe.each(vocabularies)('%s', (vocabulary) => {
  const library = PatternLibrary.load({ vocabulary })
  const files = ['base', ...readdirSync(new URL(vocabulary, ROOT)).map((file) => `${vocabulary}/${file}`)]

  test('each name is defined once', () => {
    const names = files.flatMap(namesIn)
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([])
    expect(library.names().sort()).toEqual(names.sort())
  })

  test.each(library.names())('%s compiles, from the start of a text and from anywhere', (name) => {
    for (const anchored of [true, false]) {
      const { regex } = compileGrok(`%{${name}}`, library, { anchored })
      // The u flag would cost V8's linear engine; nothing that is shipped needs it.
      expect(regex.flags).toBe('s')
      expect(() => regex.exec('')).not.toThrow()
    }
  })

  // V8 gives captures of a loop's earlier rounds up, where Oniguruma keeps them.
  test.each(library.names())('%s captures nothing within a loop', (name) => {
    const { regex, captures } = compileGrok(`%{${name}}`, library)
    if (captures.length > 0) expect(loopsWithGroups(regex.source)).toEqual([])
  })
})

test('names of the base have no fields, as far as they use each other', () => {
  const library = PatternLibrary.load({ vocabulary: 'ecs' })
  const own = new Set(namesIn('base'))
  for (const name of own) expect(library.get(name)).not.toMatch(/\(\?<[^=!]|%\{\w+:/)
})

/** Ends of loops (`)*`, `)+`, `){2,}`) around a capturing group. */
function loopsWithGroups(source: string): string[] {
  const open: { captures: boolean }[] = []
  const found: string[] = []
  for (let at = 0; at < source.length; at++) {
    const char = source.charAt(at)
    if (char === '\\') at++
    else if (char === '[') at = endOfClass(source, at)
    else if (char === '(') open.push({ captures: source.charAt(at + 1) !== '?' })
    else if (char === ')') {
      const { captures = false } = open.pop() ?? {}
      const outer = open.at(-1)
      if (outer !== undefined && captures) outer.captures = true
      const loop = /^(?:[*+]|\{\d+,\d*\})/.exec(source.slice(at + 1, at + 12))
      if (captures && loop !== null) found.push(source.slice(Math.max(0, at - 30), at + 3))
    }
  }
  return found
}

function endOfClass(source: string, start: number): number {
  let at = start + 1
  while (at < source.length && source.charAt(at) !== ']') at += source.charAt(at) === '\\' ? 2 : 1
  return at
}
