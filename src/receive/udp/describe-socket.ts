import type { InheritedSocket } from '../inherited.ts'
import { laidOutForThisMachine, libc } from './libc.ts'
import { getOption, IPPROTO_IPV6, IPV6_V6ONLY, localAddress, SOCK_DGRAM, SOL_SOCKET } from './socket.ts'

const SOCK_STREAM = 1
const SO_TYPE = 3
const SO_ACCEPTCONN = 30
const F_SETFD = 2
const FD_CLOEXEC = 1

/** What an inherited descriptor is; null: no IP socket that receives. Child processes won't get it. */
export function describeSocket(fd: number, name: string): InheritedSocket | null {
  const type = laidOutForThisMachine ? typeOf(fd) : null
  const local = type === null ? null : localAddress(fd)
  if (type === null || local === null) return null
  libc.fcntl(fd, F_SETFD, 'int', FD_CLOEXEC)
  return { fd, type, ...local, name, v6only: getOption(fd, IPPROTO_IPV6, IPV6_V6ONLY)?.[0] === 1 }
}

function typeOf(fd: number): 'udp' | 'tcp' | null {
  const type = getOption(fd, SOL_SOCKET, SO_TYPE)?.[0]
  if (type === SOCK_DGRAM) return 'udp'
  return type === SOCK_STREAM && getOption(fd, SOL_SOCKET, SO_ACCEPTCONN)?.[0] === 1 ? 'tcp' : null
}
