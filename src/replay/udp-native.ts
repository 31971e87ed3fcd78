import { endianness } from 'node:os'
import { setImmediate } from 'node:timers/promises'
import ipaddr from 'ipaddr.js'
import koffi from 'koffi'
import { UserError } from '../errors.ts'
import type { Datagrams } from './datagrams.ts'
import type { DatagramSender, SenderCounts, UdpTarget } from './sender.ts'

// socket(2), sendmmsg(2) and <linux/socket.h>: the same values on all 64-bit Linux systems.
const AF_INET = 2
const AF_INET6 = 10
const SOCK_DGRAM = 2
const SOCK_CLOEXEC = 0o2000000
const SIZEOF_MMSGHDR = 64
const SIZEOF_IOVEC = 16

/** Datagrams a call; the kernel's limit is 1024 (UIO_MAXIOV). */
const BATCH = 512
/** After so many calls other work of the event loop gets its turn. */
const CALLS_PER_TURN = 16

interface Libc {
  socket(domain: number, type: number, protocol: number): number
  connect(fd: number, address: Uint8Array, length: number): number
  sendmmsg(fd: number, messages: Uint8Array, count: number, flags: number): number
  close(fd: number): number
}

let libc: Libc | null = null

export function nativeUdpSupported(target: UdpTarget): boolean {
  const bits64 = ['x64', 'arm64', 'riscv64', 'loong64'].includes(process.arch)
  return process.platform === 'linux' && bits64 && endianness() === 'LE' && !target.address.includes('%')
}

/** A connected UDP socket that sends with `sendmmsg`. */
export function openNativeSender(target: UdpTarget): DatagramSender {
  libc ??= loadLibc()
  const { socket, connect, close } = libc
  const fd = socket(target.family === 6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)
  if (fd < 0) throw failure(target, koffi.errno())
  const address = socketAddress(target)
  if (connect(fd, address, address.length) !== 0) {
    const errno = koffi.errno()
    close(fd)
    throw failure(target, errno)
  }
  return new NativeSender(libc, fd, target)
}

class NativeSender implements DatagramSender {
  readonly counts: SenderCounts = { sent: 0, bytes: 0, refused: 0, tooLong: 0 }
  readonly #libc: Libc
  readonly #target: UdpTarget
  #fd: number
  readonly #messages = Buffer.alloc(BATCH * SIZEOF_MMSGHDR)
  /** 32-bit words of the iovec array: address low, address high, length, 0. */
  readonly #parts = new Uint32Array((BATCH * SIZEOF_IOVEC) / 4)
  #calls = 0

  constructor(libc: Libc, fd: number, target: UdpTarget) {
    this.#libc = libc
    this.#fd = fd
    this.#target = target
    const parts = koffi.address(this.#parts)
    for (let i = 0; i < BATCH; i++) {
      // struct msghdr: the destination is the connected one, one part each, no control data.
      this.#messages.writeBigUInt64LE(parts + BigInt(i * SIZEOF_IOVEC), i * SIZEOF_MMSGHDR + 16)
      this.#messages.writeBigUInt64LE(1n, i * SIZEOF_MMSGHDR + 24)
    }
  }

  async send(datagrams: Datagrams, from = 0, to = datagrams.count): Promise<void> {
    if (from >= to) return
    // Asking for `buffer` moves the bytes of a small array out of V8's heap, where the garbage collector would move them.
    const base = datagrams.bytes.buffer.byteLength === 0 ? 0 : Number(koffi.address(datagrams.bytes))
    let short = false
    for (let next = from; next < to; ) {
      const count = Math.min(BATCH, to - next)
      this.#point(datagrams, base, next, count)
      const taken = this.#libc.sendmmsg(this.#fd, this.#messages, count, 0)
      if (taken > 0) {
        // The error behind a short count is not told, but would come again if it weren't that of an earlier datagram.
        if (short) this.counts.refused++
        short = taken < count
        this.#count(datagrams, next, taken)
        next += taken
      } else {
        short = false
        next += await this.#failed(koffi.errno())
      }
      if (++this.#calls % CALLS_PER_TURN === 0) await setImmediate()
    }
  }

  async close(): Promise<void> {
    if (this.#fd >= 0) this.#libc.close(this.#fd)
    this.#fd = -1
  }

  #point({ starts, ends }: Datagrams, base: number, first: number, count: number): void {
    const parts = this.#parts
    for (let i = 0; i < count; i++) {
      const start = starts[first + i]
      const address = base + start
      parts[i * 4] = address // the low 32 bits: a Uint32Array takes numbers modulo 2^32
      parts[i * 4 + 1] = address / 2 ** 32
      parts[i * 4 + 2] = ends[first + i] - start
    }
  }

  #count({ starts, ends }: Datagrams, first: number, count: number): void {
    this.counts.sent += count
    for (let i = first; i < first + count; i++) this.counts.bytes += ends[i] - starts[i]
  }

  /** What an error of the first datagram of a call means; returns how many to leave out. */
  async #failed(errno: number): Promise<0 | 1> {
    const { EINTR, EAGAIN, ENOBUFS, ECONNREFUSED, EMSGSIZE } = koffi.os.errno
    if (errno === EMSGSIZE) {
      this.counts.tooLong++
      return 1
    }
    // The answer (ICMP) to an earlier datagram; this one was not sent yet and is tried again.
    if (errno === ECONNREFUSED) this.counts.refused++
    else if (errno === EAGAIN || errno === ENOBUFS) await setImmediate()
    else if (errno !== EINTR) throw failure(this.#target, errno)
    return 0
  }
}

function loadLibc(): Libc {
  const library = koffi.load(null)
  return {
    socket: library.func('int socket(int domain, int type, int protocol)'),
    connect: library.func('int connect(int fd, const void *address, uint32_t length)'),
    sendmmsg: library.func('int sendmmsg(int fd, void *messages, uint32_t count, int flags)'),
    close: library.func('int close(int fd)'),
  }
}

/** `struct sockaddr_in` or `sockaddr_in6`. */
function socketAddress(target: UdpTarget): Buffer {
  const bytes = ipaddr.parse(target.address).toByteArray()
  const address = Buffer.alloc(target.family === 6 ? 28 : 16)
  address.writeUInt16LE(target.family === 6 ? AF_INET6 : AF_INET, 0)
  address.writeUInt16BE(target.port, 2)
  address.set(bytes, target.family === 6 ? 8 : 4)
  return address
}

function failure(target: UdpTarget, errno: number): UserError {
  const name = Object.entries(koffi.os.errno).find(([, number]) => number === errno)?.[0] ?? `errno ${errno}`
  return new UserError(`can't send to ${target.url}: ${name}`)
}
