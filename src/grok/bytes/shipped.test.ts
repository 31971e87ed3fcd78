import { describe, expect, it } from 'vitest'
import { SEED } from '../../../test/support/seed.ts'
import type { DatasetFile } from '../../dataset/format.ts'
import { datasetPaths, readDatasetFile, SHIPPED } from '../../dataset/load.ts'
import { compileGrok } from '../compile.ts'
import { PatternLibrary } from '../library.ts'
import { type ByteMatcher, byteMatcher } from './matcher.ts'
import { parse } from './parse.ts'
import { byBytes, byRegex, GIVEN_UP, mutate, textOf } from './testing.ts'

let state = SEED
function random(below: number): number {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0
  return Math.floor((state / 2 ** 32) * below)
}

const library = PatternLibrary.load({ vocabulary: 'ecs' })
const files = datasetPaths([SHIPPED]).map((path) => readDatasetFile(path, true).file)

function expressionsOf({ header = [], patterns, definitions }: DatasetFile): RegExp[] {
  const own = library.with(definitions)
  return [...header, ...patterns.flatMap(({ match }) => match)].map((match) => compileGrok(match, own).regex)
}

/** The lines, and what is left of them after each of their first colons: patterns see texts without a header. */
function textsOf({ samples }: DatasetFile): string[] {
  const texts = samples.flatMap(({ line }) =>
    line.flatMap((text) => {
      const starts = [...text.matchAll(/: |^<\d+>|^(?:<\d+>)?\S+ +\S+ \S+ \S+ /g)].slice(0, 6)
      return [text, ...starts.map((start) => text.slice(start.index + start[0].length))]
    }),
  )
  return [...new Set(texts)].filter((text) => /^[\0-\x7f]*$/.test(text))
}

const expressions = files.map((file) => {
  const pairs = expressionsOf(file).map((regex) => ({ regex, matcher: byteMatcher(regex) }))
  return { file, dataset: file.dataset, pairs }
})

describe('the shipped datasets', () => {
  it('are matched over bytes', () => {
    const left = expressions.filter(({ pairs }) => pairs.some(({ matcher }) => matcher === null))
    expect(left.map(({ dataset }) => dataset)).toEqual([])
  })

  it.each(expressions)(
    '$dataset: as RegExp matches samples, made-up texts, and what is almost such',
    ({ file, pairs }) => {
      const samples = textsOf(file)
      for (const { regex, matcher } of pairs) {
        if (matcher === null) continue
        const { tree } = parse(regex)
        const described = new RegExp(regex, `${regex.flags}d`)
        const made = Array.from({ length: 10 }, () => textOf(tree, random))
        for (const text of [...samples, ...made]) {
          const found = expectSame(matcher, described, text)
          // What does not fit fails soon, and so do its mutations.
          if (found) for (let i = 0; i < 3; i++) expectSame(matcher, described, mutate(text, random))
        }
      }
    },
  )
})

/** True when both have found something. */
function expectSame(matcher: ByteMatcher, described: RegExp, text: string): boolean {
  const got = byBytes(matcher, text)
  if (got === GIVEN_UP) throw new Error(`${described} gives up on ${JSON.stringify(text)}`)
  const wanted = byRegex(described, text)
  // Compared by hand first: `expect` takes longer than all else here.
  if (String(got) !== String(wanted)) expect(got, `${described} on ${JSON.stringify(text)}`).toEqual(wanted)
  return wanted !== null
}
