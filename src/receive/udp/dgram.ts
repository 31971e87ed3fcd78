import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { isIPv6 } from 'node:net'
import type { InheritedSocket } from '../inherited.ts'
import { listenError } from '../listen-error.ts'
import { Senders } from '../senders.ts'
import { DgramLane } from './dgram-lane.ts'
import { DgramQueue } from './dgram-queue.ts'
import { procSocketFacts } from './proc-net.ts'
import type { BufferShortfall } from './socket.ts'
import type { UdpFacts, UdpHandlers, UdpOptions, UdpReceiver } from './udp.ts'

/**
 * One lane on the main thread with `node:dgram`: for systems without `recvmmsg`. Everything above it is the same.
 *
 * @param notNative why, if native lanes were wanted
 * @throws UserError when it can't be bound
 */
export async function openDgram(
  options: UdpOptions,
  handlers: UdpHandlers,
  inherited: InheritedSocket[],
  notNative: string | undefined,
): Promise<UdpReceiver> {
  const { host, port, receiveBuffer } = options
  const queue = new DgramQueue(new Senders(options.allow), receiveBuffer)
  const sockets: Socket[] = []
  try {
    if (inherited.length === 0) sockets.push(await bound(queue, host, { address: host, port, exclusive: true }))
    for (const { address, fd } of inherited) sockets.push(await bound(queue, address, { fd, exclusive: true }))
  } catch (error) {
    for (const socket of sockets) socket.close()
    throw listenError('udp', options, error instanceof Error && 'code' in error ? String(error.code) : String(error))
  }
  const shortfalls = sockets.map((socket) => askReceiveBuffer(socket, receiveBuffer))
  queue.room = sockets.reduce((sum, socket) => sum + socket.getRecvBufferSize(), 0)
  const local = sockets[0].address()
  const facts: UdpFacts = {
    address: host,
    port: local.port,
    native: false,
    // Sockets that share an address share its rows in /proc as well: theirs can't be told apart.
    sockets: [sockets.length > 1 ? null : await procSocketFacts(local.address, local.port)],
    inherited: inherited.length > 0,
    shortfall: shortfalls.find((shortfall) => shortfall !== null) ?? null,
  }
  if (notNative !== undefined) facts.notNative = notNative
  return new DgramLane(sockets, queue, facts, options.maxLength, handlers)
}

async function bound(queue: DgramQueue, address: string, options: Parameters<Socket['bind']>[0]): Promise<Socket> {
  const socket = createSocket({ type: isIPv6(address.split('%', 1)[0]) ? 'udp6' : 'udp4' })
  queue.listenTo(socket)
  try {
    // Asked for before: with a descriptor, `bind` emits it at once.
    const listening = once(socket, 'listening')
    socket.bind(options)
    await listening
    return socket
  } catch (error) {
    socket.close()
    throw error
  }
}

function askReceiveBuffer(socket: Socket, asked: number): BufferShortfall | null {
  const size = () => socket.getRecvBufferSize() / (process.platform === 'linux' ? 2 : 1)
  try {
    if (size() < asked) socket.setRecvBufferSize(asked)
  } catch {
    // Some systems refuse what is too much, instead of giving what they can.
  }
  const got = size()
  return got >= asked ? null : { asked, got, sysctl: 'net.core.rmem_max', value: asked }
}
