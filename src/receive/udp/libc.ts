import { endianness } from 'node:os'
import koffi from 'koffi'

/** The calls of libc that Node does not offer. Pointers are buffers or addresses; failures are -1 and `errnoName()`. */
export interface Libc {
  socket(domain: number, type: number, protocol: number): number
  bind(fd: number, address: Uint8Array, length: number): number
  getsockname(fd: number, address: Uint8Array, length: Uint32Array): number
  setsockopt(fd: number, level: number, name: number, value: Int32Array, length: number): number
  getsockopt(fd: number, level: number, name: number, value: Int32Array, length: Uint32Array): number
  recvmmsg(fd: number, messages: Uint8Array, count: number, flags: number, timeout: null): number
  poll(fds: Int32Array, count: number, milliseconds: number): number
  eventfd(initial: number, flags: number): number
  fcntl(fd: number, command: number, type: 'int', value: number): number
  madvise(address: Uint8Array, length: number, advice: number): number
}

/** The structures in this folder are laid out for 64-bit little-endian Linux: all that Node is built for but s390x. */
export const laidOutForThisMachine =
  process.platform === 'linux' &&
  endianness() === 'LE' &&
  ['x64', 'arm64', 'riscv64', 'loong64', 'ppc64'].includes(process.arch)

function load(): Libc {
  // null: whatever libc this process runs on (glibc or musl).
  const library = koffi.load(null)
  return {
    socket: library.func('int socket(int domain, int type, int protocol)'),
    bind: library.func('int bind(int fd, const void *address, uint32_t length)'),
    getsockname: library.func('int getsockname(int fd, void *address, void *length)'),
    setsockopt: library.func('int setsockopt(int fd, int level, int name, const void *value, uint32_t length)'),
    getsockopt: library.func('int getsockopt(int fd, int level, int name, void *value, void *length)'),
    recvmmsg: library.func('int recvmmsg(int fd, void *messages, uint32_t count, int flags, void *timeout)'),
    poll: library.func('int poll(void *fds, unsigned long count, int milliseconds)'),
    eventfd: library.func('int eventfd(uint32_t initial, int flags)'),
    fcntl: library.func('int fcntl(int fd, int command, ...)'),
    madvise: library.func('int madvise(void *address, size_t length, int advice)'),
  }
}

export const libc: Libc = load()

/** The name of the last failed call's errno, such as `EADDRINUSE`. */
export function errnoName(): string {
  const errno = koffi.errno()
  return Object.keys(koffi.os.errno).find((name) => koffi.os.errno[name] === errno) ?? `errno ${errno}`
}

export function errno(): number {
  return koffi.errno()
}

export const { EAGAIN, EINTR, ECONNREFUSED } = koffi.os.errno

/** The address of a buffer's first byte. Only for buffers larger than 64 bytes: the collector moves smaller ones. */
export function addressOf(buffer: Uint8Array | Int32Array): bigint {
  return koffi.address(buffer)
}
