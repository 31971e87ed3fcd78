import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { type InheritedSocket, takeOver } from '../inherited.ts'
import { inputName, type ListenAddress, listenError } from '../listen-error.ts'
import { openDgram } from './dgram.ts'
import type { LaneCoreSource } from './lane-core.ts'
import type { BufferShortfall, SocketFacts } from './socket.ts'

export interface UdpOptions extends ListenAddress {
  /** Sockets on this port, each with a thread of its own; one without `native`. */
  lanes: number
  native: boolean
  /** Bytes asked of the kernel for each socket. */
  receiveBuffer: number
  /** Longer datagrams are cut there. */
  maxLength: number
  /** Networks and addresses that may send; undefined: everybody. */
  allow?: readonly string[] | undefined
}

export interface UdpHandlers {
  /** What a lane's core posted. */
  onMessage(lane: number, message: unknown): void
  /** A lane died; nothing reads its socket any more. */
  onFailure(lane: number, error: Error): void
}

/** What became of the wish. */
export interface UdpFacts {
  address: string
  port: number
  /** false: through `node:dgram`. */
  native: boolean
  /** Why not, where it was wanted. */
  notNative?: string
  /** One a lane; null where the system tells nothing. */
  sockets: (SocketFacts | null)[]
  /** The sockets came from a service manager. */
  inherited: boolean
  shortfall: BufferShortfall | null
}

/** Bound sockets and, from `start` on, the lanes that read them. */
export interface UdpReceiver {
  readonly facts: UdpFacts
  /** Resolved when all lanes read. What arrived since the bind is not lost. */
  start(source: LaneCoreSource): Promise<void>
  /** For `LaneCore.message` of that lane. */
  post(lane: number, message: unknown): void
  /**
   * Takes what the sockets hold, flushes the cores and closes; resolved when `onMessage` had all messages. Has to be
   * called as well when the receiver was never started.
   */
  stop(): Promise<void>
}

/**
 * Binds an input's sockets, or takes those of `inherited` that fit. They hold what arrives until `start`.
 *
 *     const udp = await openUdp({ host: '0.0.0.0', port: 514, lanes: 1, … }, { onMessage, onFailure })
 *     await udp.start({ module: import.meta.resolve('./core.ts'), options: (lane) => … udp.facts.sockets[lane] … })
 *
 * CPU of the receiving thread per million datagrams of 100 bytes (`node bench/micro-receive.ts`, two cores): 0.5 to 0.9
 * s native, 2.8 to 3.8 s with node:dgram; without loss 360,000 a second (as fast as one sender got) against 200,000.
 *
 * @throws UserError when it can't be bound
 */
export async function openUdp(
  options: UdpOptions,
  handlers: UdpHandlers,
  inherited: InheritedSocket[] = [],
): Promise<UdpReceiver> {
  const at = { host: await resolveHost(options), port: options.port }
  const taken = takeOver(inherited, 'udp', at)
  const missing = options.native ? await nativeMissing(at.host) : undefined
  if (!options.native || missing !== undefined) {
    return openDgram({ ...options, ...at }, handlers, taken, missing)
  }
  const { openNative } = await import('./native.ts')
  return openNative({ ...options, ...at }, handlers, taken)
}

/** Why there can be no native lanes; undefined: there can. */
async function nativeMissing(host: string): Promise<string | undefined> {
  if (process.platform !== 'linux') return `recvmmsg is used on Linux only`
  if (host.includes('%')) return 'an address with a zone'
  try {
    const { laidOutForThisMachine } = await import('./libc.ts')
    return laidOutForThisMachine ? undefined : `not made for ${process.arch}`
  } catch (error) {
    return `koffi can't be loaded: ${error instanceof Error ? error.message : error}`
  }
}

async function resolveHost(at: ListenAddress): Promise<string> {
  if (isIP(at.host) !== 0) return at.host
  try {
    return (await lookup(at.host)).address
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : inputName('udp', at)
    throw listenError('udp', at, code)
  }
}
