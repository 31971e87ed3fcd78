import type { Captures } from '../grok/captures.ts'
import type { FieldType } from './ecs-types.ts'
import type { Matches } from './enrichment.ts'
import { type Groups, placeOf } from './members.ts'
import { isIp, isWrittenDouble, isWrittenLong } from './values.ts'

/** Bits of a key, in two words. */
const WORD = 30
const HIGH = 2 ** WORD
const HIGH_WORD = 22

/** What can be told of a capture: that it is there; and that it can be written as it stands as a value of a type. */
const PRESENT = 0
const IP = 1
const LONG = 2
const DOUBLE = 3
const TESTS: Partial<Record<FieldType, number>> = { ip: IP, long: LONG, double: DOUBLE }

/** Groups that are looked at, of the header or of the pattern; `bits` are their first, a test's is the next. */
class Side {
  readonly groups: number[] = []
  /** Where their ranges stand. */
  readonly places: number[] = []
  readonly tests: number[] = []
  readonly bits: number[] = []
}

/** What makes one word of a key. */
class Word {
  readonly header = new Side()
  readonly body = new Side()
  used = 0

  /** Those that the group is one of. */
  of(group: number): Side {
    return group < 0 ? this.header : this.body
  }
}

/** What one key says of the captures; undefined: nothing. */
export interface Known {
  /** True when the group took part and is not empty. */
  has(group: number): boolean | undefined
  /** True when its text is a value of the type, and is written as it stands. */
  fits(group: number, type: FieldType): boolean | undefined
}

export const NOTHING_KNOWN: Known = { has: () => undefined, fits: () => undefined }

/**
 * What is told of a pattern's captures before anything is written, as one number: of all that is possible few
 * combinations occur, and what lines of one have in common is found once.
 */
export class Probes {
  readonly #low = new Word()
  readonly #high = new Word()

  /** Those of which nothing is told, as they do not fit in, are asked anew for each line. */
  add(groups: Groups, type: FieldType): void {
    const test = TESTS[type] ?? PRESENT
    const need = test === PRESENT ? 1 : 2
    for (const group of groups) {
      if ([this.#low, this.#high].some((word) => word.of(group).groups.includes(group))) continue
      const word = this.#low.used + need <= WORD ? this.#low : this.#high
      if (word.used + need > (word === this.#low ? WORD : HIGH_WORD)) continue
      const side = word.of(group)
      side.groups.push(group)
      side.places.push(placeOf(group))
      side.tests.push(test)
      side.bits.push(1 << word.used)
      word.used += need
    }
  }

  key(matches: Matches): number {
    const low = look(this.#low, matches)
    return this.#high.used === 0 ? low : low + look(this.#high, matches) * HIGH
  }

  known(key: number): Known {
    const told = new Map<number, { has: boolean; test: number; fits: boolean }>()
    for (const [{ header, body }, value] of [
      [this.#low, key % HIGH],
      [this.#high, Math.floor(key / HIGH)],
    ] as const)
      for (const { groups, tests, bits } of [header, body])
        for (const [i, group] of groups.entries())
          told.set(group, { has: (value & bits[i]) !== 0, test: tests[i], fits: (value & (bits[i] << 1)) !== 0 })
    return {
      has: (group) => told.get(group)?.has,
      fits: (group, type) => {
        const one = told.get(group)
        return one === undefined || one.test === PRESENT || one.test !== TESTS[type] ? undefined : one.fits
      },
    }
  }
}

const TESTED = [() => true, isIp, isWrittenLong, isWrittenDouble]

function look({ header, body }: Word, matches: Matches): number {
  return lookAt(header, matches.header) | lookAt(body, matches.body)
}

function lookAt({ places, tests, bits }: Side, { memory, ranges }: Captures): number {
  let seen = 0
  for (let i = 0; i < places.length; i++) {
    const at = places[i]
    const from = ranges[at]
    const to = ranges[at + 1]
    // One that took no part has -1 twice.
    if (from === to) continue
    const test = tests[i]
    const fits = test !== PRESENT && TESTED[test](memory, from, to)
    seen |= fits ? bits[i] | (bits[i] << 1) : bits[i]
  }
  return seen
}
