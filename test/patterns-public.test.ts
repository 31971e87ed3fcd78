import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { type CompiledGrok, compileGrok } from '../src/grok/compile.ts'
import { PatternLibrary, type Vocabulary } from '../src/grok/library.ts'

type Value = string | number
type Fields = Record<string, Value | Value[]>

interface Case {
  pattern: string
  vocabulary: Vocabulary
  line: string
  expect: Fields | null
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
    const got = fieldsOf(compileGrok(one.pattern, libraries[one.vocabulary], { anchored: false }), one.line)
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

/** What Logstash would add to an event: empty captures left out, a field that comes twice as a list. */
function fieldsOf({ regex, captures }: CompiledGrok, line: string): Fields | null {
  const match = regex.exec(line)
  if (match === null) return null
  const fields: Fields = {}
  for (const { group, field, type } of captures) {
    const text = match[group]
    if (text === undefined || text === '') continue
    const value = type === 'int' ? Number.parseInt(text, 10) : type === 'float' ? Number.parseFloat(text) : text
    const before = fields[field]
    fields[field] = before === undefined ? value : [before, value].flat()
  }
  return fields
}

function differing(wanted: Fields | null, got: Fields | null): string[] | null {
  if (wanted === null || got === null) return wanted === got ? [] : null
  const names = [...new Set([...Object.keys(wanted), ...Object.keys(got)])].sort()
  return names.filter((name) => JSON.stringify(wanted[name]) !== JSON.stringify(got[name]))
}
