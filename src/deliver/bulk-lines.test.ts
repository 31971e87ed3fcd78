import { expect, test } from 'vitest'
import type { Batch } from '../buffer/buffer.ts'
import { restOf } from './bulk-lines.ts'

const batch: Batch = {
  stream: '00000000000000aa',
  number: 7,
  part: 0,
  output: 'es',
  count: 3,
  body: Buffer.from(
    '{"create":{"_id":"1"}}\n{"m":"a"}\n{"create":{"_id":"2"}}\n{"m":"ü"}\n{"create":{"_id":"3"}}\n{"m":"c"}\n',
  ),
  tally: [
    ['all', 'h1', 2],
    ['all', 'h2', 1],
  ],
  received: { from: 1, to: 2 },
}

test('the rest of a batch keeps its number, with the events that have to be tried again', () => {
  const rest = restOf(batch, [0, 2])
  expect(Buffer.from(rest.body).toString()).toBe(
    '{"create":{"_id":"1"}}\n{"m":"a"}\n{"create":{"_id":"3"}}\n{"m":"c"}\n',
  )
  expect(rest).toMatchObject({ stream: batch.stream, number: 7, part: 1, count: 2 })
  expect(rest.tally.reduce((sum, [, , n]) => sum + n, 0)).toBe(2)
})
