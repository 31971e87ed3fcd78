import { isUtf8 } from 'node:buffer'
import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs'
import { constants, zstdCompressSync } from 'node:zlib'

/**
 * The capture format, version 1: text, one JSON object a line, only ever appended to.
 *
 *     {"sluice":"capture","version":1}
 *     {"t":1795403661575,"from":"10.2.4.7","text":"<13>Nov 23 03:14:21 web1 app: hello\n"}
 *     {"t":1795403661580,"from":"10.2.4.8","hex":"3c31333e1b5b326a"}
 *
 * `t`: reception, ms since the epoch. `from`: the sender's address. `text`: the datagram (or frame) where that is
 * UTF-8 without control characters other than tab, CR, LF and NUL, so that a capture can be searched and shown; `hex`:
 * all other datagrams. Each writer begins with the header line: it may come again at any place, since lanes write one
 * file together. Blank lines mean nothing. A file named `….zst` is compressed: one zstd frame for each block written.
 */
export const CAPTURE_VERSION = 1
/** How every header line begins. */
export const CAPTURE_START = '{"sluice":"capture"'

export interface CaptureOptions {
  /** Recording stops, once and for all, before the file would grow beyond this. */
  maxBytes: number
  /** Called once when recording stops by itself, with what to tell: the bound is reached, or writing failed. */
  onStop(reason: string): void
}

/** A block is written when this much has gathered. */
const BLOCK = 64 * 1024
/** Room in a record for everything but the datagram and the address. */
const FRAME = 64
const LF = 0x0a
const QUOTE = 0x22
const BACKSLASH = 0x5c
const CLOSE = 0x7d
const LETTER_N = 0x6e
const LETTER_R = 0x72
const LETTER_T = 0x74
const HEX = Buffer.from('0123456789abcdef')
const HEADER = Buffer.from(`${CAPTURE_START},"version":${CAPTURE_VERSION}}\n`)
const TEXT = Buffer.from('"text":"')
const HEX_START = Buffer.from('"hex":"')
/** Level 1 packs log lines 8 to 12 times smaller, for 0.2 µs a line. */
const ZSTD = { params: { [constants.ZSTD_c_compressionLevel]: 1 } }

/** Bytes that stand for themselves in JSON text: 1; that need an escape: 2; that make a record hex: 0. */
const COPY = 1
const ESCAPE = 2
const KIND = new Uint8Array(256).fill(COPY)
KIND.fill(0, 0, 0x20)
KIND[0x7f] = 0
for (const byte of [0, 9, 10, 13, 0x22, 0x5c]) KIND[byte] = ESCAPE

/**
 * Records what arrives. Every lane has a writer of its own; all append whole lines to one file in blocks (O_APPEND),
 * so that nothing interleaves. A datagram of 130 bytes costs 0.55 µs, its part of the write to the page cache included.
 * Nothing here throws after `open`: a failed write stops the capture and is reported.
 */
export class CaptureWriter {
  readonly #options: CaptureOptions
  readonly #path: string
  readonly #compressed: boolean
  /** -1: stopped. */
  #fd: number
  #block = Buffer.allocUnsafe(2 * BLOCK)
  #length = 0

  /** @throws system errors, e.g. EACCES */
  static open(path: string, options: CaptureOptions): CaptureWriter {
    return new CaptureWriter(path, options)
  }

  private constructor(path: string, options: CaptureOptions) {
    this.#path = path
    this.#options = options
    this.#compressed = path.endsWith('.zst')
    // Only the owner may read what was logged.
    this.#fd = openSync(path, 'a+', 0o600)
    // After a crash the last line may be half a line.
    if (!this.#compressed && endsInLine(this.#fd)) this.#block[this.#length++] = LF
    this.#length += HEADER.copy(this.#block, this.#length)
  }

  /** False: nothing is recorded any more. */
  get active(): boolean {
    return this.#fd >= 0
  }

  /** Records bytes [start, end), received from `address` at `receivedAt` (ms since the epoch). */
  record(bytes: Uint8Array, start: number, end: number, address: string, receivedAt: number): void {
    if (this.#fd < 0) return
    // An address is at most 45 ASCII characters and a zone; a byte becomes at most six.
    this.#reserve((end - start) * 6 + FRAME + address.length * 6)
    const block = this.#block
    const at =
      this.#length + block.write(`{"t":${Math.trunc(receivedAt)},"from":${JSON.stringify(address)},`, this.#length)
    const textEnd = writeText(block, at, bytes, start, end)
    let o = textEnd >= 0 ? textEnd : writeHex(block, at, bytes, start, end)
    block[o++] = QUOTE
    block[o++] = CLOSE
    block[o++] = LF
    this.#length = o
    if (o >= BLOCK) this.flush()
  }

  /** Writes what has gathered. To be called every now and then, so that a quiet capture can be looked at. */
  flush(): void {
    if (this.#fd < 0 || this.#length === 0) return
    const block = this.#block.subarray(0, this.#length)
    this.#length = 0
    try {
      const data = this.#compressed ? zstdCompressSync(block, ZSTD) : block
      // The other lanes' blocks count as well.
      if (fstatSync(this.#fd).size + data.length > this.#options.maxBytes) {
        this.#stop(`${this.#path} has reached its bound of ${this.#options.maxBytes} bytes: recording stopped`)
      } else writeAll(this.#fd, data)
    } catch (error) {
      this.#stop(`${this.#path}: recording stopped: ${error instanceof Error ? error.message : error}`)
    }
  }

  /** Writes the rest and closes the file. */
  close(): void {
    this.flush()
    this.#release()
  }

  #reserve(size: number): void {
    if (this.#length + size <= this.#block.length) return
    this.flush()
    if (size > this.#block.length) this.#block = Buffer.allocUnsafe(size)
  }

  #stop(reason: string): void {
    this.#release()
    this.#options.onStop(reason)
  }

  #release(): void {
    if (this.#fd < 0) return
    const fd = this.#fd
    this.#fd = -1
    this.#block = Buffer.alloc(0)
    try {
      closeSync(fd)
    } catch {
      // Nothing is left to be saved, and the lane goes on.
    }
  }
}

/** Returns the offset after the text, or -1 when it has to be written as hex. */
function writeText(out: Buffer, at: number, bytes: Uint8Array, start: number, end: number): number {
  let o = at
  for (let i = 0; i < TEXT.length; i++) out[o++] = TEXT[i]
  let ascii = true
  for (let i = start; i < end; i++) {
    const byte = bytes[i]
    const kind = KIND[byte]
    if (kind === COPY) {
      if (byte >= 0x80) {
        ascii = false
        // U+0080 to U+009F are control characters, too.
        if (byte === 0xc2 && bytes[i + 1] < 0xa0) return -1
      }
      out[o++] = byte
    } else if (kind === ESCAPE) o = writeEscape(out, o, byte)
    else return -1
  }
  return ascii || isUtf8(bytes.subarray(start, end)) ? o : -1
}

function writeEscape(out: Buffer, at: number, byte: number): number {
  if (byte === 0) return at + out.write('\\u0000', at)
  out[at] = BACKSLASH
  out[at + 1] = byte === 9 ? LETTER_T : byte === LF ? LETTER_N : byte === 13 ? LETTER_R : byte
  return at + 2
}

function writeHex(out: Buffer, at: number, bytes: Uint8Array, start: number, end: number): number {
  let o = at
  for (let i = 0; i < HEX_START.length; i++) out[o++] = HEX_START[i]
  for (let i = start; i < end; i++) {
    out[o++] = HEX[bytes[i] >> 4]
    out[o++] = HEX[bytes[i] & 15]
  }
  return o
}

function writeAll(fd: number, data: Buffer): void {
  for (let done = 0; done < data.length; ) done += writeSync(fd, data, done)
}

function endsInLine(fd: number): boolean {
  const { size } = fstatSync(fd)
  const last = Buffer.alloc(1)
  return size > 0 && readSync(fd, last, 0, 1, size - 1) === 1 && last[0] !== LF
}
