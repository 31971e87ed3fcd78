import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Memory } from './memory.ts'
import { Piece, putAgain } from './piece.ts'

const text = fc.string({ unit: 'binary', maxLength: 200 }).map((some) => some.toWellFormed())

test('a piece is written whole, behind what is there already', () => {
  fc.assert(
    fc.property(fc.array(text, { minLength: 1 }), (texts) => {
      const out = new Memory(Buffer.alloc(texts.length * 600 + 8))
      const end = texts.reduce((at, one) => new Piece(one).put(out.view, at), 0)
      expect(out.text(0, end)).toBe(texts.join(''))
    }),
    { numRuns: 1000 },
  )
})

test('what was written can be written again, from any character on', () => {
  fc.assert(
    fc.property(text, text, text, (before, again, between) => {
      const out = new Memory(Buffer.alloc(3000))
      const from = new Piece(before).put(out.view, 1)
      const to = new Piece(again).put(out.view, from)
      const end = putAgain(out.view, new Piece(between).put(out.view, to), from, to)
      expect(out.text(1, end)).toBe(before + again + between + again)
    }),
    { numRuns: 1000 },
  )
})
