/** A buffer among several, as far as choosing goes. */
export interface Candidate {
  name: string
  /** Connected, and answering. */
  well(): boolean
}

interface Standing<C> {
  member: C
  /** ms since the epoch; before that it is used only when there is no other. */
  notBefore: number
  holdOff: number
}

const FIRST_HOLD_OFF = 2000
const LONGEST_HOLD_OFF = 60_000

/**
 * Which of several buffers takes the next batch: the first that is well. One that failed must have been without failure
 * for two seconds before it is preferred again, and twice as long each time that it fails soon after its return: writes
 * don't move to and fro with a connection that does.
 */
export class Choice<C extends Candidate> {
  readonly #standings: Standing<C>[]
  readonly #now: () => number

  constructor(members: readonly C[], now: () => number = Date.now) {
    this.#now = now
    this.#standings = members.map((member) => ({ member, notBefore: 0, holdOff: 0 }))
  }

  /** All that are well: by preference, those that are held off last. */
  candidates(): C[] {
    const now = this.#now()
    const well = this.#standings.filter(({ member }) => member.well())
    const steady = well.filter(({ notBefore }) => notBefore <= now)
    const others = well.filter(({ notBefore }) => notBefore > now)
    return [...steady, ...others].map(({ member }) => member)
  }

  /** It refused, was lost, or was found to be away. */
  failed(member: C): void {
    const standing = this.#standings.find((one) => one.member === member)
    if (!standing) return
    const now = this.#now()
    // The failure that it is held off for goes on; many writes fail together.
    if (now < standing.notBefore) {
      standing.notBefore = now + standing.holdOff
      return
    }
    const isSoon = now < standing.notBefore + LONGEST_HOLD_OFF
    standing.holdOff = isSoon
      ? Math.min(Math.max(FIRST_HOLD_OFF, standing.holdOff * 2), LONGEST_HOLD_OFF)
      : FIRST_HOLD_OFF
    standing.notBefore = now + standing.holdOff
  }
}
