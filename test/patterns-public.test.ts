import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { PatternLibrary, type Vocabulary } from '../src/grok/library.ts'
import { type Fields, GrokMatcher, type Scalar } from '../src/grok/matcher.ts'

type Flat = Record<string, Scalar | Scalar[]>

interface Case {
  pattern: string
  vocabulary: Vocabulary
  line: string
  /** By dotted name; null: the pattern must not match. */
  expect: Flat | null
}

interface Disagreement {
  pattern: string
  vocabulary: Vocabulary
  /** Those that differ; null: one of the two does not match. */
  fields: string[] | null
  reason: string
}

const HERE = new URL('patterns/', import.meta.url)
const disagreements: Disagreement[] = JSON.parse(readFileSync(new URL('disagreements.json', HERE), 'utf8'))
const libraries = {
  ecs: PatternLibrary.load({ vocabulary: 'ecs' }),
  legacy: PatternLibrary.load({ vocabulary: 'legacy' }),
}

const files = readdirSync(HERE).filter((name) => name.endsWith('.jsonl'))
describe.each(files)('%s', (file) => {
  const cases = readFileSync(new URL(file, HERE), 'utf8').trim().split('\n')
  test.each(cases.map((line): Case => JSON.parse(line)))('$vocabulary $pattern: $line', (one) => {
    const got = captured(one)
    const entry = disagreements.find(({ pattern, vocabulary }) => isOf(one, pattern, vocabulary))
    if (entry === undefined || file === 'own.jsonl') expect(got).toEqual(one.expect)
    else expect(differing(one.expect, got)).toEqual(entry.fields)
  })
})

test('each disagreement belongs to a case', () => {
  const all = files.flatMap((file) => readFileSync(new URL(file, HERE), 'utf8').trim().split('\n'))
  const cases = all.map((line): Case => JSON.parse(line))
  for (const { pattern, vocabulary } of disagreements) {
    expect(cases.some((one) => isOf(one, pattern, vocabulary))).toBe(true)
  }
})

function isOf(one: Case, pattern: string, vocabulary: Vocabulary): boolean {
  return one.pattern === pattern && one.vocabulary === vocabulary
}

function captured({ pattern, vocabulary, line }: Case): Flat | null {
  const { matched, fields } = new GrokMatcher([pattern], libraries[vocabulary], { anchored: false }).match(line)
  return matched ? flat(fields, '') : null
}

function flat(fields: Fields, prefix: string): Flat {
  return Object.entries(fields).reduce<Flat>((all, [name, value]) => {
    const isGroup = typeof value === 'object' && value !== null && !Array.isArray(value)
    return Object.assign(all, isGroup ? flat(value, `${prefix}${name}.`) : { [prefix + name]: value })
  }, {})
}

function differing(wanted: Flat | null, got: Flat | null): string[] | null {
  if (wanted === null || got === null) return wanted === got ? [] : null
  const names = [...new Set([...Object.keys(wanted), ...Object.keys(got)])].sort()
  return names.filter((name) => JSON.stringify(wanted[name]) !== JSON.stringify(got[name]))
}
