import ipaddr from 'ipaddr.js'
import type { ListenAddress } from './listen-error.ts'

/** A socket that a service manager bound and handed over. */
export interface InheritedSocket {
  fd: number
  family: 4 | 6
  /** tcp: it listens. */
  type: 'udp' | 'tcp'
  address: string
  port: number
  /** From LISTEN_FDNAMES (`FileDescriptorName=` in a systemd socket unit); empty: none given. */
  name: string
  /** An IPv6 socket that takes no IPv4. */
  v6only: boolean
}

/**
 * Sockets handed over by a service manager, after sd_listen_fds(3): descriptors from 3 on, LISTEN_FDS of them, if
 * LISTEN_PID is this process. What is not a UDP or listening TCP socket is left alone. The variables are unset, so
 * that child processes don't take the sockets for theirs; a second call finds none.
 *
 * Linux with koffi only; elsewhere there are none.
 */
export async function inheritedSockets(env: NodeJS.ProcessEnv = process.env): Promise<InheritedSocket[]> {
  const { LISTEN_PID: pid, LISTEN_FDS: count, LISTEN_FDNAMES: names = '' } = env
  delete env.LISTEN_PID
  delete env.LISTEN_FDS
  delete env.LISTEN_FDNAMES
  if (pid !== String(process.pid) || !/^[1-9]\d{0,3}$/.test(count ?? '')) return []
  const describe = await describer()
  if (describe === null) return []
  const fdNames = names.split(':')
  return Array.from({ length: Number(count) }, (_, i) => describe(3 + i, fdNames[i] ?? '')).filter(
    (socket) => socket !== null,
  )
}

async function describer() {
  if (process.platform !== 'linux') return null
  try {
    const { describeSocket } = await import('./udp/describe-socket.ts')
    return describeSocket
  } catch {
    return null
  }
}

/**
 * Takes the sockets out of the list that an input for this address would otherwise have to bind. A socket on `[::]`
 * that takes IPv4 as well stands for 0.0.0.0, too: systemd makes such a one from a bare port.
 */
export function takeOver(sockets: InheritedSocket[], type: 'udp' | 'tcp', at: ListenAddress): InheritedSocket[] {
  const fits = (socket: InheritedSocket) =>
    socket.type === type && socket.port === at.port && fitsAddress(socket, canonical(at.host))
  const taken = sockets.filter(fits)
  for (const socket of taken) sockets.splice(sockets.indexOf(socket), 1)
  return taken
}

function fitsAddress(socket: InheritedSocket, host: string): boolean {
  return socket.address === host || (socket.address === '::' && !socket.v6only && host === '0.0.0.0')
}

function canonical(host: string): string {
  return ipaddr.isValid(host) ? ipaddr.parse(host).toString() : host
}
