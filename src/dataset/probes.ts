import type { FieldType } from './ecs-types.ts'
import type { Groups, Matches } from './members.ts'
import { isIp, isWrittenDouble, isWrittenLong } from './values.ts'

/** What can be told of a capture: that it is there, and that it can be written as it stands as a value of a type. */
const TESTS: Partial<Record<FieldType, (text: string) => boolean>> = {
  ip: isIp,
  long: isWrittenLong,
  double: isWrittenDouble,
}

/** Bits of a key, in two words. */
const WORD = 30
const HIGH = 2 ** WORD

interface Probe {
  group: number
  type: FieldType
  test: ((text: string) => boolean) | null
  /** In its word. */
  bit: number
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
  readonly #low: Probe[] = []
  readonly #high: Probe[] = []
  #lowBits = 0
  #highBits = 0

  /** Those of which nothing is told, as they do not fit in, are asked anew for each line. */
  add(groups: Groups, type: FieldType): void {
    for (const group of groups) {
      if ([...this.#low, ...this.#high].some((probe) => probe.group === group)) continue
      const test = TESTS[type] ?? null
      const bits = test === null ? 1 : 2
      if (this.#lowBits + bits <= WORD) {
        this.#low.push({ group, type, test, bit: 1 << this.#lowBits })
        this.#lowBits += bits
      } else if (this.#highBits + bits <= WORD - 8) {
        this.#high.push({ group, type, test, bit: 1 << this.#highBits })
        this.#highBits += bits
      }
    }
  }

  key(matches: Matches): number {
    const low = wordOf(this.#low, matches)
    return this.#high.length === 0 ? low : low + wordOf(this.#high, matches) * HIGH
  }

  known(key: number): Known {
    const words: [readonly Probe[], number][] = [
      [this.#low, key % HIGH],
      [this.#high, Math.floor(key / HIGH)],
    ]
    const told = new Map(
      words.flatMap(([probes, word]) => probes.map((probe) => [probe.group, { probe, word }] as const)),
    )
    return {
      has: (group) => {
        const one = told.get(group)
        return one && (one.word & one.probe.bit) !== 0
      },
      fits: (group, type) => {
        const one = told.get(group)
        if (one === undefined || one.probe.test === null || one.probe.type !== type) return undefined
        return (one.word & (one.probe.bit << 1)) !== 0
      },
    }
  }
}

function wordOf(probes: readonly Probe[], { header, body }: Matches): number {
  let word = 0
  for (let i = 0; i < probes.length; i++) {
    const { group, test, bit } = probes[i]
    const text = group < 0 ? header?.[-group] : body?.[group]
    if (text === undefined || text === '') continue
    word |= test?.(text) ? bit | (bit << 1) : bit
  }
  return word
}
