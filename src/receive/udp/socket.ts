import { closeSync, fstatSync, readFileSync } from 'node:fs'
import { listenError } from '../listen-error.ts'
import { errnoName, libc } from './libc.ts'
import { AF_INET, AF_INET6, decodeSocketAddress, encodeSocketAddress, SOCKADDR_SIZE } from './sockaddr.ts'

// <sys/socket.h>, <netinet/in.h>, <linux/ipv6.h>: the same values on all machines that libc.ts admits but for those
// that differ on MIPS and PA-RISC, which Node has no builds for.
export const SOCK_DGRAM = 2
const SOCK_CLOEXEC = 0o2000000
export const SOL_SOCKET = 1
const SO_RCVBUF = 8
const SO_REUSEPORT = 15
const SO_RCVBUFFORCE = 33
const SO_MEMINFO = 55
export const IPPROTO_IPV6 = 41
export const IPV6_V6ONLY = 26
/** Elements of SO_MEMINFO (<linux/sock_diag.h>). */
const SK_MEMINFO_DROPS = 8
const SK_MEMINFO_VARS = 9

/** The kernel gave less receive buffer than asked for: bursts are lost sooner. */
export interface BufferShortfall {
  /** Bytes, without the kernel's own doubling. */
  asked: number
  got: number
  /** What to set, and to which value, to get what was asked for. */
  sysctl: 'net.core.rmem_max'
  value: number
}

/** What the ledger keeps, to carry on the drop counter of a socket that outlives the process. */
export interface SocketFacts {
  inode: number
  bootId: string
  /** What the kernel dropped on this socket so far; counts modulo 2^32. */
  drops: number
}

/**
 * UDP sockets bound to one address: one alone, or several that share its traffic (SO_REUSEPORT, socket(7)). The kernel
 * lets sockets of one user join such a group at any time, and a second sluice would silently take half of the traffic;
 * so an exclusive bind is tried first. An IPv6 wildcard takes IPv4 as well.
 *
 * @throws UserError
 */
export function openUdpSockets(address: string, port: number, count: number): number[] {
  if (count === 1) return [openBound(address, port, false)]
  const probe = openBound(address, port, false)
  const chosen = localAddress(probe)?.port ?? port
  closeSync(probe)
  const fds: number[] = []
  try {
    for (let i = 0; i < count; i++) fds.push(openBound(address, chosen, true))
  } catch (error) {
    for (const fd of fds) closeSync(fd)
    throw error
  }
  return fds
}

function openBound(address: string, port: number, shared: boolean): number {
  const v6 = address.includes(':')
  const fail = () => listenError('udp', { host: address, port }, errnoName())
  const fd = libc.socket(v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)
  if (fd < 0) throw fail()
  const name = encodeSocketAddress(address, port)
  const bound =
    (!v6 || setOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0)) &&
    (!shared || setOption(fd, SOL_SOCKET, SO_REUSEPORT, 1)) &&
    libc.bind(fd, name, name.length) === 0
  if (bound) return fd
  const error = fail()
  closeSync(fd)
  throw error
}

/**
 * Asks for a receive buffer, beyond `net.core.rmem_max` where CAP_NET_ADMIN is there. A buffer that is larger already
 * (an inherited socket's) stays.
 *
 * @returns null when the socket has at least what was asked for
 */
export function askReceiveBuffer(fd: number, bytes: number): BufferShortfall | null {
  if (receiveBuffer(fd) < bytes && !setOption(fd, SOL_SOCKET, SO_RCVBUFFORCE, bytes)) {
    setOption(fd, SOL_SOCKET, SO_RCVBUF, bytes)
  }
  const got = receiveBuffer(fd)
  return got >= bytes ? null : { asked: bytes, got, sysctl: 'net.core.rmem_max', value: bytes }
}

/** Bytes, without the doubling that the kernel does for its own bookkeeping (socket(7)). */
export function receiveBuffer(fd: number): number {
  return (getOption(fd, SOL_SOCKET, SO_RCVBUF)?.[0] ?? 0) / 2
}

/** Datagrams that the kernel dropped on this socket; a counter modulo 2^32. */
export function kernelDrops(fd: number): number {
  return (getOption(fd, SOL_SOCKET, SO_MEMINFO, SK_MEMINFO_VARS)?.[SK_MEMINFO_DROPS] ?? 0) >>> 0
}

/** Only where there is an own boot id: Linux. */
export function socketFacts(fd: number): SocketFacts {
  const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()
  return { inode: fstatSync(fd).ino, bootId, drops: kernelDrops(fd) }
}

/** null: no IP socket. */
export function localAddress(fd: number) {
  const bytes = Buffer.alloc(128)
  if (libc.getsockname(fd, bytes, Uint32Array.of(bytes.length)) !== 0) return null
  return decodeSocketAddress(bytes.subarray(0, SOCKADDR_SIZE))
}

/** An integer option, or an array of them; null: not a socket, or it has no such option. */
export function getOption(fd: number, level: number, name: number, length = 1): Int32Array | null {
  const value = new Int32Array(length)
  return libc.getsockopt(fd, level, name, value, Uint32Array.of(value.byteLength)) === 0 ? value : null
}

function setOption(fd: number, level: number, name: number, value: number): boolean {
  return libc.setsockopt(fd, level, name, Int32Array.of(value), 4) === 0
}
