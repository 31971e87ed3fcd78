import { Script } from 'node:vm'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { datasetPaths, definitionOf, loadDatasets, readDatasetFile, SHIPPED } from '../src/dataset/load.ts'
import { Captures } from '../src/grok/captures.ts'
import { compileGrok } from '../src/grok/compile.ts'
import { GrokExpression } from '../src/grok/expression.ts'
import { PatternLibrary, type Vocabulary } from '../src/grok/library.ts'
import { Text } from '../src/grok/text.ts'
import { LineParser } from '../src/lane/line-parser.ts'
import { Sender } from '../src/receive/sender.ts'
import { MATCHED_LENGTH } from '../src/route/matcher.ts'
import { nearMisses } from './grok/near-miss.ts'
import { SEED } from './support/seed.ts'

/**
 * CPU time that a line may take, ms: by one pattern, and by all of its program's together. The worst found take a
 * quarter of it; a pattern that goes back over the whole line for each of its characters takes more.
 */
const BOUND = 20
/** A match that runs away is ended then. */
const END = 2_000
/** Near-misses of each pattern. */
const TRIES = 6

/** Something that takes a line, and what it is known by. */
interface Taker {
  name: string
  take: (line: string) => void
}

interface Shipped extends Taker {
  pattern: string
  library: PatternLibrary
  samples: string[]
}

/** The patterns, and the patterns with something behind them that is never there: others are made of them. */
function namedPatterns(vocabulary: Vocabulary): Shipped[] {
  const library = PatternLibrary.load({ vocabulary })
  return library
    .names()
    .flatMap((name) =>
      ['', '\\x01'].map((end) => shipped(`${vocabulary} ${name}${end}`, `%{${name}}${end}`, library, [])),
    )
}

const text = new Text()
const captures = new Captures()

interface File {
  programs: string[]
  headers: Shipped[]
  patterns: Shipped[]
}

function datasetFiles(): File[] {
  const library = PatternLibrary.load({ vocabulary: 'ecs' })
  return datasetPaths([SHIPPED]).map((path) => {
    const { file } = readDatasetFile(path, true)
    const { dataset, definitions, header = [], patterns, programs, services = {} } = definitionOf(file, path)
    const own = library.with(definitions)
    // What stands behind the syslog header, or nearly so.
    const samples = file.samples.flatMap(({ line }) => line).map((line) => line.replace(/^.*?\]?: /, ''))
    const named = [...programs, ...Object.values(services).flat()].filter((name) => !name.startsWith('/'))
    return {
      programs: named.map((name) => name.replaceAll('*', 'x')),
      headers: header.map((match) => shipped(`${dataset} header`, match, own, samples)),
      patterns: patterns.flatMap(({ name, match }) =>
        match.map((one) => shipped(`${dataset}/${name}`, one, own, samples)),
      ),
    }
  })
}

function shipped(name: string, pattern: string, library: PatternLibrary, samples: string[]): Shipped {
  const expression = new GrokExpression(name, compileGrok(pattern, library))
  return { name, pattern, library, samples, take: (line) => expression.matches(text.ofString(line), captures) }
}

let underWay = () => {}
Object.defineProperty(globalThis, Symbol.for('test.hostile'), { value: () => underWay() })
const enter = new Script(`globalThis[Symbol.for('test.hostile')]()`)

/**
 * CPU time of all texts together, ms: the least of five runs when it seems to be long, since other things come between.
 * What is slow stays slow in each of them.
 */
function cost({ take }: Taker, texts: readonly string[]): number {
  let least = Number.POSITIVE_INFINITY
  underWay = () => {
    for (const text of texts) take(text)
  }
  for (let i = 0; i < 5 && least > BOUND / 2; i++) {
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

function findSlow<T extends Taker>(takers: readonly T[], textsOf: (taker: T) => readonly string[]): string[] {
  return takers.flatMap((taker) => {
    const texts = textsOf(taker)
    // V8 compiles an expression in its first matches, 10 to 20 ms for the largest, for texts of one byte a character
    // and for all others: that is no cost of a line.
    for (let i = 0; i < 3; i++) cost(taker, ['a', '\u2019'])
    if (cost(taker, texts) <= BOUND) return []
    return texts.flatMap((text) => {
      const millis = cost(taker, [text])
      return millis > BOUND ? [`${taker.name}: ${millis} ms over ${JSON.stringify(text.slice(0, 60))}…`] : []
    })
  })
}

const filled = (unit: string) => unit.repeat(Math.ceil(MATCHED_LENGTH / unit.length)).slice(0, MATCHED_LENGTH)
const UNITS = [...'a"{1 \t/:.-,%=<[(\\\'|', '1.1.1.']
const PAIRS = 'a |a:|a/|a.|a=|a="|1:|0x|é| - |] [|"a" |::|, |\\"|%41|a@'.split('|')
const ONE_THING = [...UNITS, ...PAIRS].map(filled)

test.each(['ecs', 'legacy'] as const)('no named pattern of %s is slow over 8 KiB of one thing', (vocabulary) => {
  expect(findSlow(namedPatterns(vocabulary), () => ONE_THING)).toEqual([])
})

test.each(['ecs', 'legacy'] as const)(
  `no named pattern of %s is slow over what nearly fits it (SLUICE_SEED=${SEED})`,
  (vocabulary) => {
    let seed = SEED
    const textsOf = ({ pattern, library }: Shipped) =>
      nearMisses(pattern, library, { seed: seed++, count: TRIES, length: MATCHED_LENGTH })
    expect(findSlow(namedPatterns(vocabulary), textsOf)).toEqual([])
  },
)

const files = datasetFiles()
const allPatterns = files.flatMap(({ headers, patterns }) => [...headers, ...patterns])

test('no pattern of a dataset is slow over 8 KiB of one thing', () => {
  expect(findSlow(allPatterns, () => ONE_THING)).toEqual([])
})

test(`no pattern of a dataset is slow over what nearly fits it (SLUICE_SEED=${SEED})`, () => {
  let seed = SEED
  const textsOf = ({ pattern, library, samples }: Shipped) => [
    ...fc.sample(nearSample(samples), { seed: seed++, numRuns: TRIES }),
    ...nearMisses(pattern, library, { seed, count: TRIES, length: MATCHED_LENGTH }),
  ]
  expect(findSlow(allPatterns, textsOf)).toEqual([])
})

test(`no line is slow over all patterns of its program (SLUICE_SEED=${SEED})`, () => {
  const parser = lane()
  const sender = new Sender('127.0.0.1', true)
  let seed = SEED
  const slow = files.flatMap(({ programs, headers, patterns }) => {
    // Behind each header, and without one.
    const fronts = ['', ...headers.map((header) => header.pattern.replace(/\(\?<rest>.*$|%\{\w+:rest\}.*$/, ''))]
    const takers = patterns.map((one) => {
      seed++
      const program = [...programs, 'any'][seed % (programs.length + 1)]
      const take = (line: string) => {
        parser.push(Buffer.from(`<13>Nov 23 03:14:22 web1 ${program}: ${line}`), sender, RECEIVED)
        parser.flush()
      }
      return { ...one, name: `${program} with a line of ${one.name}`, take }
    })
    return findSlow(takers, ({ pattern, library }) => {
      const front = fronts[seed++ % fronts.length]
      return nearMisses(front + pattern, library, { seed, count: 2, length: MATCHED_LENGTH })
    })
  })
  expect(slow).toEqual([])
})

const RECEIVED = Date.parse('2026-11-23T03:14:22Z')

function lane(): LineParser {
  return new LineParser(
    {
      stream: '0123456789abcdef',
      input: 'test',
      shape: 'ecs',
      timezone: 'UTC',
      senders: [],
      routes: [],
      filters: {},
      datasets: { definitions: loadDatasets([]), patterns: [] },
      archive: null,
      outputs: [],
      window: { back: 30 * 86_400_000, ahead: 86_400_000 },
      credits: 2,
    },
    () => {},
  )
}

/** A sample of which a part is repeated up to 8 KiB, its end following or not. */
function nearSample(samples: readonly string[]): fc.Arbitrary<string> {
  if (samples.length === 0) return fc.constantFrom(...ONE_THING)
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
