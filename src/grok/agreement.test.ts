import { createRequire } from 'node:module'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compileGrok } from './compile.ts'
import { PatternLibrary } from './library.ts'

type ToRegExp = typeof import('oniguruma-to-es').toRegExp
const { toRegExp } = createRequire(import.meta.url)('oniguruma-to-es') as { toRegExp: ToRegExp }
const library = PatternLibrary.load({ vocabulary: 'ecs' })

const atom = fc.constantFrom(
  'a',
  'b',
  ' ',
  '.',
  '\\d',
  '\\w',
  '\\s',
  '\\S',
  '[ab]',
  '[^a]',
  '[\\s\\d]',
  '\\b',
  '\\.',
  'ä',
  '{',
  ']',
)
const quantifier = fc.constantFrom('', '', '', '*', '+', '?', '*?', '+?', '{2}', '{1,2}', '{,2}', '{1,}?')
const { pattern } = fc.letrec<{ pattern: string; sequence: string; piece: string }>((tie) => ({
  pattern: fc.array(tie('sequence'), { minLength: 1, maxLength: 2 }).map((choices) => choices.join('|')),
  sequence: fc.array(tie('piece'), { minLength: 1, maxLength: 3 }).map((pieces) => pieces.join('')),
  piece: fc.oneof(
    { weight: 4, arbitrary: fc.tuple(atom, quantifier).map(([a, q]) => (a === '\\b' ? a : a + q)) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(fc.constantFrom('(?:', '(?<x>', '(', '(?='), tie('pattern'), fc.constantFrom('', '?'))
        .map(([open, inner, q]) => `${open}${inner})${open === '(?=' ? '' : q}`),
    },
  ),
}))
const text = fc.string({ unit: fc.constantFrom('a', 'b', ' ', '1', '.', 'ä', '{', ']', '\n', '\u00a0'), maxLength: 8 })

test('what is taken over as it stands means the same as what oniguruma-to-es makes of it', () => {
  fc.assert(
    fc.property(pattern, fc.array(text, { minLength: 5, maxLength: 5 }), (pattern, texts) => {
      const ours = compileGrok(pattern, library, { anchored: false }).regex
      const theirs = toRegExp(pattern, { flags: 'mDSW', rules: { asciiWordBoundaries: true } })
      for (const text of texts) {
        const match = ours.exec(text)
        const wanted = theirs.exec(text)
        expect([match?.index, match?.[0]], `${pattern} → ${ours} or ${theirs} on ${JSON.stringify(text)}`).toEqual([
          wanted?.index,
          wanted?.[0],
        ])
      }
    }),
    { numRuns: 1500 },
  )
})

test('a text without the literals does not match', () => {
  fc.assert(
    fc.property(pattern, text, (pattern, text) => {
      const { regex, literals } = compileGrok(pattern.replaceAll('a', 'abc'), library, { anchored: false })
      const longer = text.replaceAll('a', 'abc')
      if (regex.test(longer)) for (const { text } of literals) expect(longer).toContain(text)
    }),
    { numRuns: 1500 },
  )
})

test('no text is a crash: it compiles, or the mistake is told', () => {
  const piece = fc.constantFrom(
    '%{INT',
    '%{INT}',
    ':x',
    ':int',
    '}',
    '(',
    ')',
    '(?<',
    '>',
    '[',
    ']',
    '\\',
    '{',
    '|',
    '*',
    '+',
    '?',
    'a',
    '(?i)',
    '(?>',
    '[:alpha:]',
    '^',
    '$',
    '\\k<x>',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
      try {
        compileGrok(pieces.join(''), library).regex.test('a')
      } catch (error) {
        expect(error).toMatchObject({ name: 'GrokError' })
      }
    }),
    { numRuns: 1500 },
  )
})
