import type { Ranges } from './ast.ts'

export const MAX_CODE = 0x10ffff

const code = (text: string): number => text.codePointAt(0) ?? 0
const range = (from: string, to: string): readonly [number, number] => [code(from), code(to)]

const DIGIT = [range('0', '9')]
const UPPER = [range('A', 'Z')]
const LOWER = [range('a', 'z')]
const WORD = [...DIGIT, ...UPPER, ...LOWER, range('_', '_')]
/** PCRE's \s is ASCII (with VT); JavaScript's takes in Unicode's spaces. */
const SPACE: Ranges = [
  [9, 13],
  [32, 32],
]
const HORIZONTAL: Ranges = [
  [9, 9],
  [32, 32],
  [0xa0, 0xa0],
  [0x1680, 0x1680],
  [0x180e, 0x180e],
  [0x2000, 0x200a],
  [0x202f, 0x202f],
  [0x205f, 0x205f],
  [0x3000, 0x3000],
]
export const VERTICAL: Ranges = [
  [10, 13],
  [0x85, 0x85],
  [0x2028, 0x2029],
]

/** \d \w \s \h \v; the capital letters are their complements. */
export const ESCAPED_CLASSES = new Map<string, Ranges>([
  ['d', DIGIT],
  ['w', WORD],
  ['s', SPACE],
  ['h', HORIZONTAL],
  ['v', VERTICAL],
  ...(
    [
      ['D', DIGIT],
      ['W', WORD],
      ['S', SPACE],
      ['H', HORIZONTAL],
      ['V', VERTICAL],
    ] as const
  ).map(([name, ranges]): [string, Ranges] => [name, complement(ranges)]),
])

/** [[:alpha:]] and the like, in the C locale. */
export const POSIX_CLASSES = new Map<string, Ranges>([
  ['alnum', [...DIGIT, ...UPPER, ...LOWER]],
  ['alpha', [...UPPER, ...LOWER]],
  ['ascii', [[0, 127]]],
  [
    'blank',
    [
      [9, 9],
      [32, 32],
    ],
  ],
  [
    'cntrl',
    [
      [0, 31],
      [127, 127],
    ],
  ],
  ['digit', DIGIT],
  ['graph', [[33, 126]]],
  ['lower', LOWER],
  ['print', [[32, 126]]],
  [
    'punct',
    [
      [33, 47],
      [58, 64],
      [91, 96],
      [123, 126],
    ],
  ],
  ['space', SPACE],
  ['upper', UPPER],
  ['word', WORD],
  ['xdigit', [...DIGIT, range('A', 'F'), range('a', 'f')]],
])

export function complement(ranges: Ranges): Ranges {
  const result: [number, number][] = []
  let from = 0
  for (const [first, last] of ranges.toSorted((a, b) => a[0] - b[0])) {
    if (first > from) result.push([from, first - 1])
    from = Math.max(from, last + 1)
  }
  if (from <= MAX_CODE) result.push([from, MAX_CODE])
  return result
}
