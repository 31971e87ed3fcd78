/**
 * Memory that lines are in, with what it takes to look at it. Made once for as many lines as possible: a DataView or a
 * Buffer for each line costs 0.04 to 0.1 µs.
 */
export class Memory {
  readonly bytes: Uint8Array
  readonly view: DataView
  readonly #buffer: Buffer

  constructor(bytes: Uint8Array) {
    const { buffer, byteOffset, byteLength } = bytes
    this.bytes = bytes
    this.view = new DataView(buffer, byteOffset, byteLength)
    this.#buffer = bytes instanceof Buffer ? bytes : Buffer.from(buffer, byteOffset, byteLength)
  }

  /** Bytes [from, to) as UTF-8. */
  text(from: number, to: number): string {
    // Without the encoding's name, which takes as long to look up as a short text to decode.
    return this.#buffer.toString(undefined, from, to)
  }

  /** Writes a text as UTF-8, for which there must be room, and returns how many bytes that took. */
  write(text: string, at: number): number {
    return this.#buffer.write(text, at)
  }

  /** Copies bytes [from, end) to other memory: in half the time that a view for `set` takes. */
  copyTo(to: Memory, at: number, from: number, end: number): void {
    this.#buffer.copy(to.#buffer, at, from, end)
  }
}
