import { expect, test } from 'vitest'
import { Choice } from './choice.ts'

function setup() {
  let now = 1_000_000
  const up = { a: true, b: true }
  const members = (['a', 'b'] as const).map((name) => ({ name, well: () => up[name] }))
  const [a, b] = members
  if (!a || !b) throw new Error('no members')
  const choice = new Choice(members, () => now)
  return {
    choice,
    up,
    a,
    b,
    pass: (ms: number) => (now += ms),
    names: () => choice.candidates().map(({ name }) => name),
  }
}

test('the first that is well comes first', () => {
  const { up, names } = setup()
  expect(names()).toEqual(['a', 'b'])
  up.a = false
  expect(names()).toEqual(['b'])
  up.b = false
  expect(names()).toEqual([])
})

test('one that failed is preferred again after two seconds without failure', () => {
  const { choice, a, pass, names } = setup()
  choice.failed(a)
  expect(names()).toEqual(['b', 'a'])
  pass(1500)
  choice.failed(a)
  pass(1999)
  expect(names()).toEqual(['b', 'a'])
  pass(1)
  expect(names()).toEqual(['a', 'b'])
})

test('one that fails again soon after its return is held off twice as long each time, up to a minute', () => {
  const { choice, a, pass, names } = setup()
  let heldOff = 0
  for (const seconds of [2, 4, 8, 16, 32, 60, 60]) {
    choice.failed(a)
    heldOff = 0
    while (names()[0] !== 'a') {
      pass(1000)
      heldOff++
    }
    expect(heldOff).toBe(seconds)
  }
  pass(61_000)
  choice.failed(a)
  pass(2000)
  expect(names()[0]).toBe('a')
})

test('one that is held off is still better than none', () => {
  const { choice, up, a, b, names } = setup()
  choice.failed(a)
  up.b = false
  expect(names()).toEqual(['a'])
  up.b = true
  choice.failed(b)
  expect(names()).toEqual(['a', 'b'])
})
