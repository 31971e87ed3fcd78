import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { byteMatcher } from './matcher.ts'
import { byBytes, byRegex } from './testing.ts'

const ALPHABET = 'ab1 -\n'

/** Expressions of all that is supported; `loops` bounds how much may be repeated within what is repeated. */
const { expression } = fc.letrec<{ expression: string; piece: string; atom: string; quantified: string }>((tie) => ({
  expression: fc
    .array(
      fc.array(tie('piece'), { maxLength: 4 }).map((pieces) => pieces.join('')),
      { minLength: 1, maxLength: 3 },
    )
    .map((choices) => choices.join('|')),
  piece: fc.oneof({ maxDepth: 4, depthIdentifier: 'x' }, tie('atom'), tie('quantified')),
  quantified: fc
    .tuple(
      tie('atom'),
      fc.constantFrom('*', '+', '?', '{2}', '{1,2}', '{0,3}', '{2,}', '{0}', '{1,9}'),
      fc.constantFrom('', '', '?'),
    )
    .map(([atom, quantifier, lazy]) =>
      /^(?:\(\?<?[=!]|[$^]$|\\[bB]$)/.test(atom) ? atom : `${atom}${quantifier}${lazy}`,
    ),
  atom: fc.oneof(
    { maxDepth: 4, depthIdentifier: 'x', withCrossShrink: true },
    { weight: 6, arbitrary: fc.constantFrom('a', 'b', '1', ' ', '-', 'ab', '\\n', '.') },
    {
      weight: 4,
      arbitrary: fc.constantFrom('[ab]', '[^a]', '[^b\\n]', '\\d', '\\w', '\\s', '\\S', '[a-z1]', '[^]', '[]', '\\x61'),
    },
    {
      weight: 2,
      arbitrary: fc.constantFrom('^', '$', '\\b', '\\B', '(?![^\\n])', '(?<![^\\n])', '\\1', '\\2', '(?<!1)', '(?<=a)'),
    },
    { weight: 3, arbitrary: tie('expression').map((inner) => `(${inner})`) },
    { weight: 3, arbitrary: tie('expression').map((inner) => `(?:${inner})`) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(fc.constantFrom('?=', '?!', '?<=', '?<!'), tie('expression'))
        .map(([look, inner]) => `(${look}${inner})`),
    },
  ),
}))
const sources = expression.map((source) => `^(?:${source})`)
const texts = fc.string({ unit: fc.constantFrom(...ALPHABET), maxLength: 12 })

describe('matches as RegExp does', () => {
  it('any expression on any text, the groups too', () => {
    let supported = 0
    fc.assert(
      fc.property(
        sources,
        fc.constantFrom('', 's', 'i', 'su', 'sv'),
        fc.array(texts, { minLength: 5, maxLength: 20 }),
        (source, flags, all) => {
          let regex: RegExp
          try {
            regex = new RegExp(source, flags)
          } catch {
            return
          }
          const matcher = byteMatcher(regex)
          if (matcher === null) return
          supported++
          const described = new RegExp(regex, `${flags}d`)
          for (const text of all) expect(byBytes(matcher, text)).toEqual(byRegex(described, text))
        },
      ),
      { numRuns: Number(process.env.RUNS ?? 3000) },
    )
    expect(supported).toBeGreaterThan(1000)
  })
})
