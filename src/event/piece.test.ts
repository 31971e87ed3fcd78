import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Piece, putAgain } from './piece.ts'

const text = fc.string({ unit: 'binary', maxLength: 200 }).map((some) => some.toWellFormed())

test('a piece is written whole, behind what is there already', () => {
  fc.assert(
    fc.property(fc.array(text, { minLength: 1 }), (texts) => {
      const out = Buffer.alloc(texts.length * 600 + 8)
      const end = texts.reduce((at, one) => new Piece(one).put(out, at), 0)
      expect(out.toString('utf8', 0, end)).toBe(texts.join(''))
    }),
    { numRuns: 1000 },
  )
})

test('what was written can be written again, from any character on', () => {
  fc.assert(
    fc.property(text, text, text, (before, again, between) => {
      const out = Buffer.alloc(3000)
      const from = new Piece(before).put(out, 1)
      const to = new Piece(again).put(out, from)
      const end = putAgain(out, new Piece(between).put(out, to), from, to)
      expect(out.toString('utf8', 1, end)).toBe(before + again + between + again)
    }),
    { numRuns: 1000 },
  )
})
