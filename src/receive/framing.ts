const LF = 0x0a
const CR = 0x0d
const NUL = 0
const SPACE = 0x20
const ZERO = 0x30
const LESS = 0x3c
const BOM = 0xef

/** Counts beyond it are taken for text; one within it that is too long for the receiver is still skipped exactly. */
const MAX_COUNT = 16 << 20
const MAX_DIGITS = String(MAX_COUNT).length
/** A first piece of a held frame; grows by doubling up to the longest frame. */
const FIRST_HOLD = 1024

const ONE_NUL = Uint8Array.of(NUL)

/** Where in a stream the splitter is. */
const START = 0
const COUNT = 1
const LINE = 2
const COUNTED = 3

/** Frames cut out of one chunk, as ranges of the chunk or of a buffer of their own. */
export class Frames {
  readonly bytes: Uint8Array[] = []
  readonly starts: number[] = []
  readonly ends: number[] = []
  readonly truncated: boolean[] = []
  count = 0

  add(bytes: Uint8Array, start: number, end: number, truncated: boolean): void {
    this.bytes[this.count] = bytes
    this.starts[this.count] = start
    this.ends[this.count] = end
    this.truncated[this.count++] = truncated
  }

  clear(): void {
    this.count = 0
    // Or the largest burst's chunks would stay in memory.
    this.bytes.length = 0
  }
}

/**
 * Cuts the stream of one TCP connection into frames, after RFC 6587; which framing is decided for each frame by how it
 * begins:
 *
 * - Octet counting (section 3.4.1): a number from 1 to 16 Mi without leading zeros, a blank, and the `<` of a PRI (or a
 *   BOM). That many bytes are the frame, line feeds included.
 * - Otherwise a trailer (section 3.4.2): LF; or NUL when a `<` follows (Python's SysLogHandler ends frames so), since
 *   a NUL may stand inside a text as well.
 *
 * LF, CR and NUL at the beginning of a frame are left out, so there are no empty frames. A frame longer than the
 * longest allowed is cut and flagged, its rest skipped to where it ends: no more than one frame is ever held. How the
 * stream is cut into chunks makes no difference.
 */
export class FrameSplitter {
  readonly #maxLength: number
  readonly #frames: Frames
  #state = START
  /** Octet count as read so far, and its digits. */
  #number = 0
  #digits = 0
  #blank = false
  /** Bytes of the frame still to come. */
  #left = 0
  #held: Uint8Array | null = null
  #heldLength = 0
  #cut = false
  #nulHeldBack = false

  /** @param frames where frames are added to */
  constructor(maxLength: number, frames: Frames) {
    this.#maxLength = maxLength
    this.#frames = frames
  }

  /** True: a frame has begun, and it is not known how far it goes. */
  get waiting(): boolean {
    return this.#state === LINE || this.#state === COUNT
  }

  /** Adds the frames that end in this chunk. They are ranges of it where possible: use them before it is overwritten. */
  push(chunk: Uint8Array): void {
    let at = 0
    // Remembered: a search for each line could read the rest of the chunk each time.
    let lf = chunk.indexOf(LF)
    let nul = chunk.indexOf(NUL)
    while (at < chunk.length) {
      if (this.#state === START) at = this.#start(chunk, at)
      else if (this.#state === COUNT) at = this.#count(chunk, at)
      else if (this.#state === COUNTED) at = this.#counted(chunk, at)
      else {
        if (lf >= 0 && lf < at) lf = chunk.indexOf(LF, at)
        if (nul >= 0 && nul < at) nul = chunk.indexOf(NUL, at)
        at = this.#line(chunk, at, lf, nul)
      }
    }
  }

  /** Ends the frame that has begun, if any: at the end of the stream, or when no trailer comes. */
  flush(): void {
    if (this.#state === COUNT) this.#textAfterAll()
    if (this.#state === COUNTED) this.#cut = true
    this.#finish()
  }

  #start(chunk: Uint8Array, from: number): number {
    let at = from
    while (at < chunk.length && (chunk[at] === LF || chunk[at] === NUL || chunk[at] === CR)) at++
    if (at < chunk.length) this.#state = chunk[at] > ZERO && chunk[at] <= ZERO + 9 ? COUNT : LINE
    return at
  }

  /** Digits, blank, and a look at the byte after. */
  #count(chunk: Uint8Array, from: number): number {
    for (let at = from; at < chunk.length; at++) {
      const byte = chunk[at]
      if (this.#blank) {
        if ((byte === LESS || byte === BOM) && this.#number <= MAX_COUNT) {
          this.#left = this.#number
          this.#state = COUNTED
          this.#resetCount()
        } else this.#textAfterAll()
        return at
      }
      if (byte >= ZERO && byte <= ZERO + 9 && this.#digits < MAX_DIGITS) {
        this.#number = this.#number * 10 + byte - ZERO
        this.#digits++
      } else if (byte === SPACE) this.#blank = true
      else {
        this.#textAfterAll()
        return at
      }
    }
    return chunk.length
  }

  /** What looked like a count is the beginning of a line. */
  #textAfterAll(): void {
    const text = Buffer.from(this.#blank ? `${this.#number} ` : `${this.#number}`)
    this.#resetCount()
    this.#state = LINE
    this.#hold(text, 0, text.length)
  }

  #resetCount(): void {
    this.#number = 0
    this.#digits = 0
    this.#blank = false
  }

  #counted(chunk: Uint8Array, at: number): number {
    const end = Math.min(chunk.length, at + this.#left)
    this.#left -= end - at
    if (this.#left === 0) this.#end(chunk, at, end)
    else this.#hold(chunk, at, end)
    return end
  }

  /** `lf`, `nul`: the first ones from `at` on, or -1. */
  #line(chunk: Uint8Array, at: number, lf: number, nul: number): number {
    if (this.#nulHeldBack) {
      this.#nulHeldBack = false
      if (chunk[at] === LESS) {
        this.#finish()
        return at
      }
      this.#hold(ONE_NUL, 0, 1)
    }
    const end = trailerAt(chunk, lf, nul)
    if (end >= 0) {
      this.#end(chunk, at, end)
      return end + 1
    }
    // What comes next tells whether the last byte is a trailer.
    this.#nulHeldBack = chunk[chunk.length - 1] === NUL
    this.#hold(chunk, at, this.#nulHeldBack ? chunk.length - 1 : chunk.length)
    return chunk.length
  }

  #end(chunk: Uint8Array, start: number, end: number): void {
    if (this.#heldLength > 0) {
      this.#hold(chunk, start, end)
      this.#finish()
    } else {
      const length = Math.min(end - start, this.#maxLength)
      this.#frames.add(chunk, start, start + length, length < end - start)
      this.#state = START
    }
  }

  #finish(): void {
    // Handed over with its buffer: the next frame gets one of its own.
    if (this.#held !== null && this.#heldLength > 0) this.#frames.add(this.#held, 0, this.#heldLength, this.#cut)
    this.#held = null
    this.#heldLength = 0
    this.#cut = false
    this.#nulHeldBack = false
    this.#left = 0
    this.#state = START
  }

  #hold(chunk: Uint8Array, start: number, end: number): void {
    const length = Math.min(end - start, this.#maxLength - this.#heldLength)
    if (length < end - start) this.#cut = true
    const needed = this.#heldLength + length
    if (this.#held === null || this.#held.length < needed) {
      const size = Math.min(this.#maxLength, Math.max(needed, FIRST_HOLD, 2 * this.#heldLength))
      const grown = new Uint8Array(size)
      if (this.#held !== null) grown.set(this.#held.subarray(0, this.#heldLength))
      this.#held = grown
    }
    this.#held.set(chunk.subarray(start, start + length), this.#heldLength)
    this.#heldLength = needed
  }
}

/** Where a line ends: at its LF, or before that at a NUL with a `<` behind; -1: not in this chunk. */
function trailerAt(chunk: Uint8Array, lf: number, nul: number): number {
  const end = lf < 0 ? chunk.length : lf
  for (let at = nul; at >= 0 && at < end; at = chunk.indexOf(NUL, at + 1)) if (chunk[at + 1] === LESS) return at
  return lf
}
