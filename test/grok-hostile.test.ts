import { Script } from 'node:vm'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { datasetPaths, definitionOf, readDatasetFile, SHIPPED } from '../src/dataset/load.ts'
import { type CompiledGrok, compileGrok } from '../src/grok/compile.ts'
import { PatternLibrary, type Vocabulary } from '../src/grok/library.ts'
import { MATCHED_LENGTH } from '../src/route/matcher.ts'
import { SEED } from './support/seed.ts'

/**
 * CPU time that one match may take, ms. The worst found takes less than a tenth; a pattern that goes back over the whole
 * line for each of its characters takes more.
 */
const BOUND = 100
/** A match that runs away is ended then. */
const END = 2_000

interface Shipped {
  name: string
  grok: CompiledGrok
  samples: string[]
}

function namedPatterns(vocabulary: Vocabulary): Shipped[] {
  const library = PatternLibrary.load({ vocabulary })
  return library.names().flatMap((name) => shipped(`${vocabulary} ${name}`, `%{${name}}`, library, []))
}

function datasetPatterns(): Shipped[] {
  const library = PatternLibrary.load({ vocabulary: 'ecs' })
  return datasetPaths([SHIPPED]).flatMap((path) => {
    const { file } = readDatasetFile(path, true)
    const { dataset, definitions, header = [], patterns } = definitionOf(file, path)
    const own = library.with(definitions)
    // What stands behind the syslog header, or nearly so.
    const samples = file.samples.flatMap(({ line }) => line).map((line) => line.replace(/^.*?\]?: /, ''))
    return [
      ...header.flatMap((match) => shipped(`${dataset} header`, match, own, samples)),
      ...patterns.flatMap(({ name, match }) =>
        match.flatMap((one) => shipped(`${dataset}/${name}`, one, own, samples)),
      ),
    ]
  })
}

/** The pattern, and the pattern with something behind it that is never there, so that it has to try everything. */
function shipped(name: string, pattern: string, library: PatternLibrary, samples: string[]): Shipped[] {
  return ['', '\\x01'].map((end) => {
    const grok = compileGrok(`(?:${pattern})${end}`, library)
    // V8 compiles an expression twice in its first matches, 10 to 20 ms each for the largest.
    for (let i = 0; i < 3; i++) grok.regex.test('a')
    return { name: `${name}${end}`, grok, samples }
  })
}

let underWay = () => {}
Object.defineProperty(globalThis, Symbol.for('test.hostile'), { value: () => underWay() })
const enter = new Script(`globalThis[Symbol.for('test.hostile')]()`)

/** CPU time of matching all texts, ms: the least of three when it seems to be long, since other things come between. */
function cost({ grok }: Shipped, texts: readonly string[]): number {
  let least = Number.POSITIVE_INFINITY
  underWay = () => {
    for (const text of texts) grok.regex.test(text)
  }
  for (let i = 0; i < 3 && least > BOUND / 2; i++) {
    const before = process.threadCpuUsage()
    let ended = true
    try {
      enter.runInThisContext({ timeout: END })
    } catch {
      ended = false
    }
    const { user, system } = process.threadCpuUsage(before)
    const millis = (user + system) / 1000
    // Stopped without having had the CPU: that says nothing.
    if (ended || millis > BOUND) least = Math.min(least, millis)
  }
  return least
}

function findSlow(patterns: readonly Shipped[], textsOf: (pattern: Shipped) => readonly string[]): string[] {
  return patterns.flatMap((pattern) => {
    const texts = textsOf(pattern)
    if (cost(pattern, texts) <= BOUND) return []
    return texts.flatMap((text) => {
      const millis = cost(pattern, [text])
      return millis > BOUND ? [`${pattern.name}: ${millis} ms over ${JSON.stringify(text.slice(0, 40))}…`] : []
    })
  })
}

const filled = (unit: string) => unit.repeat(Math.ceil(MATCHED_LENGTH / unit.length)).slice(0, MATCHED_LENGTH)
const UNITS = [
  'a',
  '"',
  '{',
  '1.1.1.',
  '1',
  ' ',
  '\t',
  '/',
  ':',
  '.',
  '-',
  ',',
  '%',
  '=',
  '<',
  '[',
  '(',
  '\\',
  "'",
  '|',
]
const PAIRS = [
  'a ',
  'a:',
  'a/',
  'a.',
  'a=',
  'a="',
  '1:',
  '0x',
  'é',
  ' - ',
  '] [',
  '"a" ',
  '::',
  ', ',
  '\\"',
  '%41',
  'a@',
]

test.each(['ecs', 'legacy'] as const)('no named pattern of %s is slow over 8 KiB of one thing', (vocabulary) => {
  expect(findSlow(namedPatterns(vocabulary), () => [...UNITS, ...PAIRS].map(filled))).toEqual([])
})

test('no pattern of a dataset is slow over 8 KiB of one thing', () => {
  expect(findSlow(datasetPatterns(), () => [...UNITS, ...PAIRS].map(filled))).toEqual([])
})

test(`no pattern of a dataset is slow over what nearly fits it (SLUICE_SEED=${SEED})`, () => {
  let seed = SEED
  expect(
    findSlow(datasetPatterns(), ({ samples }) => fc.sample(nearMiss(samples), { seed: seed++, numRuns: 6 })),
  ).toEqual([])
})

/** A sample of which a part is repeated up to 8 KiB, its end following or not. */
function nearMiss(samples: readonly string[]): fc.Arbitrary<string> {
  if (samples.length === 0) return fc.constantFrom(...UNITS.map(filled))
  return fc
    .tuple(fc.constantFrom(...samples), fc.nat(), fc.integer({ min: 1, max: 12 }), fc.boolean())
    .map(([sample, at, length, ends]) => {
      const from = at % Math.max(1, sample.length)
      const part = sample.slice(from, from + length) || 'a'
      const end = ends ? sample.slice(from + length) : ''
      const room = Math.max(0, MATCHED_LENGTH - from - end.length)
      return (sample.slice(0, from) + part.repeat(Math.ceil(room / part.length)).slice(0, room) + end).slice(
        0,
        MATCHED_LENGTH,
      )
    })
}
