import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Memory } from '../event/memory.ts'
import { Captures } from './captures.ts'
import { compileGrok } from './compile.ts'
import { GrokExpression } from './expression.ts'
import { PatternLibrary } from './library.ts'
import { Text } from './text.ts'

const library = PatternLibrary.load({ vocabulary: 'ecs' })
const PATTERNS = [
  '%{WORD:a}(?: from (?:%{IP:b}|%{NOTSPACE:c}))?(?: %{GREEDYDATA:d})?',
  '(?<a>[a-zé]+)?%{SPACE}(?<b>x*)(?<c>.)?',
  // With what only V8 can do.
  '(?<a>\\w)(?<b>.*)\\k<a>',
  'é%{DATA:a} %{NUMBER:b}$',
].map((pattern) => compileGrok(pattern, library))
const words = fc.constantFrom('eve', 'é', ' from ', '10.0.0.7', '::1', ' ', 'x', '€', '\u{1f600}', '\0', 'abba', '7.5')
const texts = fc.array(words, { maxLength: 7 }).map((some) => some.join(''))

const captured = ({ memory, ranges, groups }: Captures) =>
  Array.from({ length: groups - 1 }, (_, i) => {
    const [from = -1, to = -1] = ranges.subarray(2 * i + 2)
    return from < 0 ? undefined : memory.text(from, to)
  })

test('the groups hold what V8 finds, wherever the text lies, and outlive one that is brief', () => {
  const text = new Text()
  fc.assert(
    fc.property(fc.constantFrom(...PATTERNS), texts, fc.boolean(), (grok, string, brief) => {
      const expression = new GrokExpression('p', grok)
      if (brief) text.ofString(string)
      else {
        const bytes = Buffer.from(`é${string}é`)
        text.ofBytes(new Memory(bytes), 2, bytes.length - 2)
      }
      expect(text.string).toBe(string)
      const captures = new Captures()
      const found = grok.regex.exec(string)
      expect(expression.matches(text, captures)).toBe(found !== null)
      if (found === null) return
      // Parts of a character are none.
      const wanted = [...found].slice(1).map((one) => one?.toWellFormed())
      expect(captured(captures)).toEqual(wanted)
      if (brief) text.ofString('#'.repeat(100))
      expect(captured(captures)).toEqual(wanted)
    }),
    { numRuns: 3000 },
  )
})

test('of a text that is too long its first characters are looked at', () => {
  const all = new GrokExpression('p', compileGrok('%{GREEDYDATA:a}', library))
  for (const char of ['a', 'é']) {
    const bytes = Buffer.from(char.repeat(10_000))
    for (const text of [
      new Text().ofBytes(new Memory(bytes), 0, bytes.length),
      new Text().ofString(bytes.toString()),
    ]) {
      const captures = new Captures()
      expect(all.matches(text, captures)).toBe(true)
      expect(captured(captures)).toEqual([char.repeat(8192)])
    }
  }
})

test('what goes back too often over bytes is matched by V8', () => {
  const expression = new GrokExpression('p', compileGrok('(?<a>(?:a|b|ab)*)(?<c>c)', library))
  const text = new Text().ofString(`${'ab'.repeat(2000)}c`)
  const captures = new Captures()
  expect(expression.matches(text, captures)).toBe(true)
  expect(captured(captures)).toEqual(['ab'.repeat(2000), 'c'])
})
