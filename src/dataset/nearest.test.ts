import { expect, test } from 'vitest'
import { Guard } from '../grok/guard.ts'
import { PatternLibrary } from '../grok/library.ts'
import { Nearest } from './nearest.ts'

const library = PatternLibrary.load({ vocabulary: 'ecs' })
const PATTERNS = [
  { name: 'app/login', pattern: 'login of %{WORD:user.name} from %{IP:source.ip}$' },
  { name: 'app/logout', pattern: 'logout of %{WORD:user.name} after %{INT:seconds} s' },
]
const nearest = (guard: Guard | null = null, patterns = PATTERNS) => new Nearest(patterns, library, guard)

test('the pattern that comes farthest, and what it wants there', () => {
  const tell = (text: string) => nearest().tell(text)
  expect(tell('login of eve from home')).toBe(
    '; nearest is app/login, up to about character 18, where it wants %{IP:source.ip}',
  )
  expect(tell('logout of eve, 7 s')).toBe('; nearest is app/logout, up to about character 13, where it wants " after "')
  expect(tell('something else')).toBe('')
  expect(nearest(null, [{ name: 'a', pattern: 'said \\(%{INT:n}\\)' }]).tell('said 7')).toContain('where it wants "("')
})

test('texts that begin alike, numbers aside, are looked into once', () => {
  const one = nearest()
  const said = one.tell('login of eve7 from 8 homes')
  expect(said).toContain('app/login')
  expect(one.tell('login of eve123 from 9 homes')).toBe(said)
})

test('of ever new texts only some are looked into, the same ones each time', () => {
  const of = (one: Nearest) =>
    Array.from({ length: 20_000 }, (_, i) => one.tell(`login of ${i.toString(36).replace(/\d/g, '_')}x!`) !== '')
  const told = of(nearest())
  expect(told.filter(Boolean).length).toBeGreaterThan(100)
  expect(told.filter(Boolean).length).toBeLessThan(19_000)
  expect(of(nearest())).toEqual(told)
})

test('a pattern that runs away over its pieces is stopped', () => {
  const runaway = { name: 'app/runaway', pattern: 'a(?:(?:a|aa)+)+(?=z)!' }
  const one = nearest(new Guard(), [runaway, ...PATTERNS])
  expect(one.tell(`a${'a'.repeat(60)}`)).not.toContain('app/login')
  // It is stopped by the clock, so also while the process waits for the CPU; a look at another text begins anew.
  const told = ['eve', 'ann', 'joe', 'kim', 'max'].map((name) => one.tell(`login of ${name} from home`))
  expect(told.join()).toContain('app/login')
})
