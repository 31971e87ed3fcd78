import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { vi } from 'vitest'
import type { InheritedSocket } from '../src/receive/inherited.ts'
import { openUdp, type UdpOptions, type UdpReceiver } from '../src/receive/udp/udp.ts'
import type { CoreCommand, CoreLine, CoreOptions, CoreReport } from './receive-core.ts'

const DEFAULTS: UdpOptions = {
  host: '127.0.0.1',
  port: 0,
  lanes: 1,
  native: true,
  receiveBuffer: 1 << 20,
  maxLength: 65_536,
}

/** A started UDP input with test cores, and all that its lanes reported. */
export class TestUdp {
  readonly lines: CoreLine[] = []
  readonly failures: string[] = []
  readonly lanes: CoreReport[] = []
  receiver: UdpReceiver | null = null

  static async start(options: Partial<UdpOptions> = {}, core: CoreOptions = {}, inherited: InheritedSocket[] = []) {
    const udp = new TestUdp()
    const receiver = await openUdp(
      { ...DEFAULTS, ...options },
      {
        onMessage: (lane, message) => udp.#report(lane, message as CoreReport),
        onFailure: (_, error) => udp.failures.push(error.message),
      },
      inherited,
    )
    udp.receiver = receiver
    await receiver.start({ module: new URL('./receive-core.ts', import.meta.url).href, options: () => core })
    return udp
  }

  get facts() {
    if (this.receiver === null) throw new Error('not started')
    return this.receiver.facts
  }

  get texts(): string[] {
    return this.lines.map(({ text }) => text)
  }

  sum(field: 'datagrams' | 'bytes' | 'refused' | 'drops' | 'uncounted'): number {
    return this.lanes.reduce((sum, lane) => sum + (lane?.[field] ?? 0), 0)
  }

  post(lane: number, command: CoreCommand): void {
    this.receiver?.post(lane, command)
  }

  async stop(): Promise<void> {
    const { receiver } = this
    this.receiver = null
    await receiver?.stop()
  }

  #report(lane: number, report: CoreReport): void {
    this.lanes[lane] = report
    for (const line of report.lines) this.lines.push(line)
  }
}

/** Waits until `check` no longer throws. */
export function eventually(check: () => void): Promise<void> {
  return vi.waitFor(check, { timeout: 20_000, interval: 10 })
}

/** Sends each message as a datagram, all from one socket; resolved when the kernel has them. */
export async function send(port: number, messages: readonly (string | Buffer)[], host = '127.0.0.1', from?: string) {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4')
  try {
    if (from !== undefined) {
      socket.bind(0, from)
      await once(socket, 'listening')
    }
    for (let i = 0; i < messages.length; i += 100) {
      await Promise.all(messages.slice(i, i + 100).map((message) => sendOne(socket, port, message, host)))
    }
  } finally {
    socket.close()
  }
}

function sendOne(socket: Socket, port: number, message: string | Buffer, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.send(typeof message === 'string' ? Buffer.from(message) : message, port, host, (error) =>
      error ? reject(error) : resolve(),
    )
  })
}

export function numbered(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `<13>Nov 23 03:14:21 web1 app: message ${i}`)
}
