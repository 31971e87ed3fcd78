import { addressOf, EAGAIN, ECONNREFUSED, EINTR, errno, errnoName, libc } from './libc.ts'
import { SOCKADDR_SIZE } from './sockaddr.ts'

/** Datagrams that may wait in it: those that a lane holds at most (lane-loop.ts), and those of one call more. */
export const RING_SLOTS = 1536
/** Datagrams a call. */
export const RECEIVED_MOST = 512
/** The longest that UDP can carry. */
export const MAX_DATAGRAM = 65_535

// <sys/socket.h>: struct mmsghdr { struct msghdr { name*, namelen, iov*, iovlen, control*, controllen, flags }, len }.
const MSG_DONTWAIT = 0x40
const MSG_TRUNC = 0x20
const MMSGHDR_WORDS = 16
const NAME_LENGTH_WORD = 2
const FLAGS_WORD = 12
const LENGTH_WORD = 14
const IOVEC_SIZE = 16
/** 32-bit words from one sender's `struct sockaddr` to the next: 32 bytes. */
export const NAME_WORDS = 8
const MADV_NOHUGEPAGE = 15
/** The largest page size of the machines that libc.ts admits. */
const PAGE = 65_536

/**
 * Room for what `recvmmsg` receives: prepared once, nothing is allocated per call or datagram.
 *
 * Every slot takes the longest datagram, 96 MiB of address space in all; only pages that were written are resident: 6
 * MiB with lines of up to 4 KiB, once so many came at once. (Huge pages, where `transparent_hugepage` is `always`, would
 * make all of it resident.)
 */
export class ReceiveRing {
  /** The datagrams: number i at `start(i)`. */
  readonly bytes: Buffer
  /** The senders' `struct sockaddr`: number i at `i * NAME_WORDS`. Signed, so that they are small integers to V8. */
  readonly names = new Int32Array(RING_SLOTS * NAME_WORDS)
  readonly #stride: number
  readonly #headers = Buffer.alloc(RING_SLOTS * MMSGHDR_WORDS * 4)
  readonly #words = new Uint32Array(this.#headers.buffer, this.#headers.byteOffset, RING_SLOTS * MMSGHDR_WORDS)
  readonly #parts = Buffer.alloc(RING_SLOTS * IOVEC_SIZE)

  /** @param maxLength longer datagrams are cut there */
  constructor(maxLength: number) {
    const length = Math.min(maxLength, MAX_DATAGRAM)
    this.#stride = Math.ceil(length / 64) * 64
    this.bytes = pageAligned(RING_SLOTS * this.#stride)
    libc.madvise(this.bytes, this.bytes.length, MADV_NOHUGEPAGE)
    const bytes = addressOf(this.bytes)
    const names = addressOf(this.names)
    const parts = addressOf(this.#parts)
    for (let i = 0; i < RING_SLOTS; i++) {
      const part = i * IOVEC_SIZE
      this.#parts.writeBigUInt64LE(bytes + BigInt(i * this.#stride), part)
      this.#parts.writeBigUInt64LE(BigInt(length), part + 8)
      const header = i * MMSGHDR_WORDS * 4
      this.#headers.writeBigUInt64LE(names + BigInt(i * NAME_WORDS * 4), header)
      this.#words[i * MMSGHDR_WORDS + NAME_LENGTH_WORD] = SOCKADDR_SIZE
      this.#headers.writeBigUInt64LE(parts + BigInt(part), header + 16)
      this.#headers.writeBigUInt64LE(1n, header + 24)
    }
  }

  /**
   * Takes what the socket holds into the slots from `slot` on, as many as fit; 0: none. A socket keeps its family, so
   * the kernel's answers in the headers (lengths of names) hold for the next call.
   *
   * @throws Error when the socket is none, or broken
   */
  receive(fd: number, slot: number): number {
    const headers = slot === 0 ? this.#headers : this.#headers.subarray(slot * MMSGHDR_WORDS * 4)
    const count = libc.recvmmsg(fd, headers, Math.min(RING_SLOTS - slot, RECEIVED_MOST), MSG_DONTWAIT, null)
    if (count >= 0) return count
    const code = errno()
    if (code === EAGAIN || code === EINTR || code === ECONNREFUSED) return 0
    throw new Error(`recvmmsg: ${errnoName()}`)
  }

  start(slot: number): number {
    return slot * this.#stride
  }

  lengthOf(slot: number): number {
    return this.#words[slot * MMSGHDR_WORDS + LENGTH_WORD]
  }

  truncated(slot: number): boolean {
    return (this.#words[slot * MMSGHDR_WORDS + FLAGS_WORD] & MSG_TRUNC) !== 0
  }
}

function pageAligned(size: number): Buffer {
  const bytes = Buffer.from(new ArrayBuffer(size + PAGE))
  const offset = Number(-addressOf(bytes) & BigInt(PAGE - 1))
  return bytes.subarray(offset, offset + size)
}
