import { expect, test } from 'vitest'
import { Text } from '../grok/text.ts'
import { Needles } from './needles.ts'

test('each text is asked for each needle by itself', () => {
  const needles = new Needles()
  const numbers = Array.from({ length: 200 }, (_, i) => needles.number(`<${i}`))
  expect(needles.number('<7')).toBe(numbers[7])
  for (const text of ['<7><150', '<8', '150', '', '<7']) {
    needles.text = new Text().ofString(text)
    for (const again of [1, 2])
      for (const [i, number] of numbers.entries())
        expect(needles.has(number), `${i} in ${text}, ${again}`).toBe(text.includes(`<${i}`))
  }
})
