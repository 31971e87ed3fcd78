import { Memory } from '../event/memory.ts'
import type { Text } from './text.ts'

const NOTHING = new Memory(new Uint8Array(0))

/** What the groups of a match hold, as places in memory. Used again for later matches. */
export class Captures {
  memory = NOTHING
  /** Begin and end of each group, the whole match first; -1: it took no part. */
  ranges = new Int32Array(32)
  /** Of the last match, with the whole; 0: there is none. */
  groups = 0
  #own = NOTHING

  /** Room for the ranges of a match in a text with so many groups. */
  room(groups: number): Int32Array {
    if (this.ranges.length < groups * 2) this.ranges = new Int32Array(groups * 2)
    return this.ranges
  }

  /** `ranges` are places in the text now. */
  lieIn(text: Text, groups: number): void {
    this.groups = groups
    this.memory = text.memory
    if (text.isBrief) this.#keep(text.from, text.to)
  }

  /** Takes what V8 found. */
  take(match: RegExpExecArray): void {
    const groups = match.length
    const ranges = this.room(groups)
    this.groups = groups
    // The whole is of no interest. One call for all takes half the time of one for each.
    let all = ''
    for (let group = 1; group < groups; group++) {
      const text = match[group]
      ranges[2 * group] = text === undefined ? -1 : all.length
      if (text !== undefined) all += text
      ranges[2 * group + 1] = text === undefined ? -1 : all.length
    }
    this.#reserve(all.length * 3)
    this.memory = this.#own
    ranges[0] = 0
    ranges[1] = this.#own.write(all, 0)
    if (ranges[1] !== all.length) this.#takeEach(match)
  }

  /** Characters are not the same as bytes. */
  #takeEach(match: RegExpExecArray): void {
    const { ranges } = this
    let used = 0
    for (let group = 1; group < match.length; group++) {
      if (ranges[2 * group] < 0) continue
      ranges[2 * group] = used
      used += this.#own.write(match[group], used)
      ranges[2 * group + 1] = used
    }
    ranges[1] = used
  }

  /** The bytes [from, to), in which all of the groups lie, are copied. */
  #keep(from: number, to: number): void {
    const { memory, ranges } = this
    this.#reserve(to - from)
    memory.copyTo(this.#own, 0, from, to)
    const end = this.groups * 2
    for (let i = 0; i < end; i++) if (ranges[i] >= 0) ranges[i] -= from
    ranges[0] = 0
    ranges[1] = to - from
    this.memory = this.#own
  }

  #reserve(length: number): void {
    if (this.#own.bytes.length < length) this.#own = new Memory(Buffer.allocUnsafeSlow(length * 2 + 64))
  }
}
