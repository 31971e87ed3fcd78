import { Memory } from '../../event/memory.ts'
import type { CharSet } from './char-set.ts'
import type { ByteMatcher } from './matcher.ts'
import type { Node } from './tree.ts'

/** Where the groups are in the text, such as 3-5; null: no match. */
export type Found = (string | undefined)[] | null

/** It is left to V8. */
export const GIVEN_UP = 'given up'

/** What a matcher finds in a text that stands between others. */
export function byBytes(matcher: ByteMatcher, text: string): Found | typeof GIVEN_UP {
  const bytes = Buffer.from(`a1${text}b1`, 'latin1')
  const ranges = new Int32Array(2 * matcher.groups).fill(77)
  const found = matcher.match(new Memory(bytes), 2, bytes.length - 2, ranges)
  if (found === null) return GIVEN_UP
  if (!found) return null
  return Array.from({ length: matcher.groups }, (_, group) => {
    const [begin, end] = ranges.subarray(2 * group)
    return begin === -1 && end === -1 ? undefined : `${begin - 2}-${end - 2}`
  })
}

/** What V8 finds. `described` has the flag d. */
export function byRegex(described: RegExp, text: string): Found {
  const match = described.exec(text)
  if (match === null) return null
  return Array.from({ length: match.length }, (_, group) => {
    const range: readonly number[] | undefined = match.indices?.[group]
    return range?.join('-')
  })
}

/** A text that fits the expression, but for what it looks at around a place. `random` gives less than its argument. */
export function textOf(node: Node, random: (below: number) => number): string {
  switch (node.kind) {
    case 'set':
      return charOf(node.set, random)
    case 'sequence':
      return node.of.map((one) => textOf(one, random)).join('')
    case 'choice':
      return textOf(node.of[random(node.of.length)], random)
    case 'repeat': {
      const times = node.least + random(Math.min(node.most - node.least, 4) + 1)
      return Array.from({ length: times }, () => textOf(node.of, random)).join('')
    }
    case 'group':
    case 'atomic':
      return textOf(node.of, random)
    default:
      return ''
  }
}

const members = new Map<CharSet, string>()

function charOf(set: CharSet, random: (below: number) => number): string {
  let chars = members.get(set)
  if (chars === undefined) {
    const all = Array.from({ length: 128 }, (_, code) => String.fromCharCode(code))
    chars = all.filter((_, code) => (set >> BigInt(code)) & 1n).join('')
    members.set(set, chars)
  }
  return chars.charAt(random(chars.length))
}

/** The text with something cut off, put in, taken out or swapped. */
export function mutate(text: string, random: (below: number) => number): string {
  const at = random(text.length + 1)
  const end = at + 1 + random(5)
  const signs = ' -:[]()"\'/.,=<>0aZ9\n\t{}_%'
  switch (random(4)) {
    case 0:
      return text.slice(0, at)
    case 1:
      return text.slice(0, at) + signs.charAt(random(signs.length)) + text.slice(at)
    case 2:
      return text.slice(0, at) + text.slice(end)
    default:
      return text.slice(0, at) + text.slice(end, end + 5) + text.slice(at, end) + text.slice(end + 5)
  }
}
