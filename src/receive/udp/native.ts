import { closeSync } from 'node:fs'
import type { InheritedSocket } from '../inherited.ts'
import { NativeLanes } from './lanes.ts'
import { askReceiveBuffer, localAddress, openUdpSockets, socketFacts } from './socket.ts'
import type { UdpFacts, UdpHandlers, UdpOptions, UdpReceiver } from './udp.ts'

/** Native lanes on an address: one a socket that was inherited, otherwise as many as configured. @throws UserError */
export function openNative(options: UdpOptions, handlers: UdpHandlers, inherited: InheritedSocket[]): UdpReceiver {
  const { host, port, lanes } = options
  const fds = inherited.length > 0 ? inherited.map(({ fd }) => fd) : openUdpSockets(host, port, lanes)
  try {
    const shortfalls = fds.map((fd) => askReceiveBuffer(fd, options.receiveBuffer))
    const facts: UdpFacts = {
      address: host,
      port: localAddress(fds[0])?.port ?? port,
      native: true,
      sockets: fds.map(socketFacts),
      inherited: inherited.length > 0,
      shortfall: shortfalls.find((shortfall) => shortfall !== null) ?? null,
    }
    return new NativeLanes(fds, facts, options, handlers)
  } catch (error) {
    for (const fd of fds) closeSync(fd)
    throw error
  }
}
