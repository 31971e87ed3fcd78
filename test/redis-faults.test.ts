import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { makeCutNetwork } from './support/cut-network.ts'
import { freePort, startProgram } from './support/programs.ts'
import { type RedisServer, startRedis } from './support/redis.ts'
import { until, workspace } from './support/sluice.ts'

/** Six seconds each in `npm test`, minutes in redis-faults.soak.ts. */
const SECONDS = Number(process.env.SLUICE_FAULT_SECONDS ?? 6)
const RATE = 5000
const CHILD = join(import.meta.dirname, 'redis-fault-child.ts')

interface Sums {
  done: number
  duplicate: number
  lost: Record<string, number>
}

interface Report {
  refused?: Record<string, number>
  longest?: number
  spooled?: { events: number }
  depth?: { events: number }
  marks: Sums | null
  handed: Sums | null
}

class Child {
  readonly dir: string
  readonly #process: ChildProcess
  #out = ''
  #err = ''

  constructor(dir: string, args: string[], where: (command: string[]) => string[] = (command) => command) {
    this.dir = dir
    const [program = '', ...rest] = where([process.execPath, CHILD, ...args])
    this.#process = spawn(program, rest, { stdio: ['pipe', 'pipe', 'pipe'] })
    this.#process.stdout?.on('data', (text) => (this.#out += text))
    this.#process.stderr?.on('data', (text) => (this.#err += text))
  }

  async says(word: string, seconds = 60 + 2 * SECONDS): Promise<void> {
    await until(`the child says '${word}':\n${this.#err}`, () => this.#out.includes(word), seconds * 1000)
  }

  happened(kind: string): { text: string; events?: number }[] {
    return this.#err.split('\n').flatMap((line) => {
      if (!line.startsWith('{')) return []
      const happening = JSON.parse(line)
      return happening.kind === kind ? [happening] : []
    })
  }

  async kill(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    this.#process.kill('SIGKILL')
    await once(this.#process, 'exit')
  }

  /** Waits until nothing waits for it any more. */
  async drained(): Promise<void> {
    this.#process.stdin?.write('drained\n')
    await this.says('drained')
  }

  async end(): Promise<Report> {
    this.#process.stdin?.write('end\n')
    await once(this.#process, 'exit')
    const line = this.#out.trimEnd().split('\n').at(-1) ?? ''
    if (!line.startsWith('{')) throw new Error(`no report:\n${this.#out}\n${this.#err}`)
    return JSON.parse(line)
  }
}

describe('a receiver, two Redis and a shipper: every event arrives', () => {
  let stack = new AsyncDisposableStack()
  afterEach(async () => {
    await stack.disposeAsync()
  })

  async function setup({
    through = (url: string) => url,
    pause = 0,
    seconds = SECONDS,
    smallDisk = false,
    mode = 'failover',
  } = {}) {
    stack = new AsyncDisposableStack()
    const work = stack.use(await workspace())
    const a = stack.use(await startRedis())
    const b = stack.use(await startRedis())
    const urls = `${through(a.url)},${b.url}`
    const children: Child[] = []
    stack.defer(async () => {
      for (const child of children) await child.kill()
    })
    const start = async (dir: string, args: string[], small = false) => {
      await mkdir(dir, { recursive: true })
      const [role = '', ...numbers] = args
      const script = 'mount -t tmpfs -o size=4m tmpfs "$0" && exec "$@"'
      const onSmallDisk = (command: string[]) => ['unshare', '-rm', 'sh', '-c', script, dir, ...command]
      const child = new Child(dir, [role, dir, mode, urls, ...numbers], small ? onSmallDisk : undefined)
      children.push(child)
      await child.says('started')
      return child
    }
    const receive = () => start(join(work.path, 'receiver'), ['receive', `${RATE}`, `${seconds}`], smallDisk)
    const ship = (slow = pause) => start(join(work.path, 'shipper'), ['ship', `${slow}`])
    return { a, b, receive, ship, work: work.path }
  }

  /** The first Redis on another host, at the end of a cable; all else on this side of it. */
  async function setupCable() {
    stack = new AsyncDisposableStack()
    const work = stack.use(await workspace()).path
    const network = stack.use(await makeCutNetwork())
    for (const [host, address] of [
      ['far', network.far],
      ['near', '127.0.0.1'],
    ] as const) {
      await mkdir(join(work, host))
      const place = ['--dir', join(work, host), '--bind', address, '--port', '6379', '--protected-mode', 'no']
      const [program = '', ...args] = network.on(host, ['redis-server', ...place, '--appendonly', 'yes', '--save', ''])
      const server = stack.use(startProgram(program, args))
      await until('redis-server is ready', () => server.said().includes('Ready to accept connections'))
    }
    const urls = `redis://${network.far},redis://127.0.0.1`
    const start = async (role: string, ...numbers: number[]) => {
      const dir = join(work, role === 'ship' ? 'shipper' : 'receiver')
      await mkdir(dir, { recursive: true })
      const args = [role, dir, 'failover', urls, ...numbers.map(String)]
      const child = new Child(dir, args, (command) => network.on('near', command))
      stack.defer(() => child.kill())
      await child.says('started')
      return child
    }
    return { network, work, start }
  }

  /** Ids that the shipper's output has, each once, and how many came in all. */
  function delivered(work: string): Set<string> {
    return new Set(linesOf(join(work, 'shipper', 'delivered')))
  }

  function appended(work: string): { ids: Set<string>; events: number } {
    const ids = new Set<string>()
    for (const line of linesOf(join(work, 'receiver', 'appended'))) {
      const [stream, number, events] = line.split(' ')
      for (let event = 0; event < Number(events); event++) ids.add(`${stream}-${number}-${event}`)
    }
    return { ids, events: ids.size }
  }

  async function drained(work: string, shipper: Child): Promise<void> {
    const { ids } = appended(work)
    await until('all is delivered', () => delivered(work).size >= ids.size, (30 + SECONDS) * 1000)
    await shipper.drained()
  }

  /** All of them, each once; appended = handed on; handed on = delivered. */
  async function closes(work: string, receiver: Child, shipper: Child): Promise<Report> {
    await drained(work, shipper)
    const sums = await shipper.end()
    const report = await receiver.end()
    const { ids, events } = appended(work)
    expect(delivered(work)).toEqual(ids)
    expect(report.refused).toEqual({})
    expect(report.handed).toMatchObject({ done: events, lost: {} })
    expect(report.spooled).toMatchObject({ events: 0 })
    expect((sums.marks?.done ?? 0) + (sums.marks?.duplicate ?? 0)).toBe(events)
    expect(sums).toMatchObject({ depth: { events: 0 }, marks: { done: events, lost: {} } })
    return report
  }

  const quarter = (SECONDS * 1000) / 4

  test('kill -9 of the first Redis', async () => {
    const { a, receive, ship, work } = await setup()
    const shipper = await ship()
    const receiver = await receive()
    await delay(quarter)
    await a.kill()
    await delay(quarter)
    await a.start()
    await receiver.says('sent')
    const report = await closes(work, receiver, shipper)
    expect(report.longest).toBeLessThan(2000)
    expect(receiver.happened('buffer_switched').length).toBeGreaterThanOrEqual(1)
    expect(receiver.happened('buffer_switched').length).toBeLessThan(4)
  })

  test('kill -9 of both', async () => {
    const { a, b, receive, ship, work } = await setup()
    const shipper = await ship()
    const receiver = await receive()
    await delay(quarter)
    await Promise.all([a.kill(), b.kill()])
    await until('batches go to disk', () =>
      receiver.happened('buffer_switched').some(({ text }) => /disk now/.test(text)),
    )
    await delay(quarter)
    await b.start()
    await a.start()
    await receiver.says('sent')
    await closes(work, receiver, shipper)
  })

  test('SIGSTOP of the first for ten seconds', async () => {
    const { a, receive, ship, work } = await setup({ seconds: Math.max(SECONDS, 12) })
    const shipper = await ship()
    const receiver = await receive()
    await delay(1000)
    a.signal('SIGSTOP')
    await delay(10_000)
    a.signal('SIGCONT')
    await receiver.says('sent')
    const report = await closes(work, receiver, shipper)
    expect(report.longest).toBeLessThan(2000)
  })

  test('the first comes back empty: exactly what it held is lost, and told', async () => {
    const { a, receive, ship, work } = await setup({ pause: 110 })
    let shipper = await ship()
    const receiver = await receive()
    await delay(quarter)
    await a.kill()
    await a.start({ empty: true })
    await receiver.says('sent')
    await until('the loss is told', () => receiver.happened('buffer_lost').length > 0)
    await shipper.end()
    shipper = await ship(0)
    const { ids, events } = appended(work)
    const told = receiver.happened('buffer_lost').reduce((sum, happening) => sum + (happening.events ?? 0), 0)
    await until('the rest is delivered', () => delivered(work).size >= events - told)
    await shipper.drained()
    const sums = await shipper.end()
    const report = await receiver.end()
    const missing = ids.difference(delivered(work)).size
    expect(told).toBeGreaterThan(0)
    expect(told).toBe(missing)
    expect(report.handed).toMatchObject({ done: events })
    expect(report.marks).toMatchObject({ lost: { buffer_lost: told } })
    expect(sums.marks?.done).toBe(events - told)
  })

  test('the first comes back empty, and the receiver was killed before it could tell', async () => {
    const { a, receive, ship, work } = await setup({ pause: 110 })
    let shipper = await ship()
    const first = await receive()
    await delay(quarter)
    await a.kill()
    await until('batches go to the second', () => first.happened('buffer_switched').length > 0)
    await delay(500)
    await first.kill()
    await a.start({ empty: true })
    const second = await receive()
    await second.says('sent')
    await until('the loss is told', () => second.happened('buffer_lost').length > 0)
    await shipper.end()
    shipper = await ship(0)
    const { ids, events } = appended(work)
    const told = second.happened('buffer_lost').reduce((sum, happening) => sum + (happening.events ?? 0), 0)
    await until('the rest is delivered', () => delivered(work).size >= events - told)
    await shipper.drained()
    await shipper.end()
    const report = await second.end()
    expect(told).toBeGreaterThan(0)
    expect(ids.difference(delivered(work)).size).toBe(told)
    expect(report.marks).toMatchObject({ lost: { buffer_lost: told } })
  })

  test('mirror: the first comes back empty while its shipper lags behind, and nothing is lost', async () => {
    const { a, receive, ship, work } = await setup({ pause: 60, mode: 'mirror' })
    const shipper = await ship()
    const receiver = await receive()
    await delay(quarter)
    await a.kill()
    await a.start({ empty: true })
    await receiver.says('sent')
    await closes(work, receiver, shipper)
    expect(receiver.happened('buffer_lost')).toEqual([])
  })

  test('the first goes away with batches in hand and stays away: what the second has is delivered', async () => {
    const { a, receive, ship, work } = await setup({ pause: 20 })
    const shipper = await ship()
    const receiver = await receive()
    await delay(2 * quarter)
    await a.kill()
    const before = delivered(work).size
    await receiver.says('sent')
    const { ids } = appended(work)
    await until('the second is drained', () => delivered(work).size > before + (RATE * SECONDS) / 4)
    await a.start()
    await closes(work, receiver, shipper)
    expect(delivered(work)).toEqual(ids)
  })

  test('mirror: the first is gone for good, and nothing is lost', async () => {
    const { a, receive, ship, work } = await setup({ pause: 60, mode: 'mirror' })
    const shipper = await ship()
    const receiver = await receive()
    await delay(2 * quarter)
    await a.kill()
    await receiver.says('sent')
    await closes(work, receiver, shipper)
  })

  test('the maxmemory of the first is reached', async () => {
    const { a, receive, ship, work } = await setup()
    const receiver = await receive()
    await delay(quarter)
    await a.command('config', 'set', 'maxmemory', '1mb')
    await until('batches go to the second', () => receiver.happened('buffer_switched').length > 0)
    const shipper = await ship()
    await receiver.says('sent')
    await closes(work, receiver, shipper)
  })

  test('the network to the first is cut, without a word', async () => {
    const port = await freePort()
    const { a, receive, ship, work } = await setup({ through: () => `redis://127.0.0.1:${port}` })
    const proxy = await startProxy(port, a)
    stack.defer(() => proxy.close())
    const shipper = await ship()
    const receiver = await receive()
    await delay(quarter)
    proxy.cut(true)
    await delay(2 * quarter)
    proxy.cut(false)
    await receiver.says('sent')
    const report = await closes(work, receiver, shipper)
    expect(report.longest).toBeLessThan(2000)
  })

  test('the cable to the first is pulled, and put back', async () => {
    const { network, work, start } = await setupCable()
    const shipper = await start('ship', 0)
    const receiver = await start('receive', RATE, SECONDS)
    await delay(quarter)
    await network.cut(true)
    await delay(2 * quarter)
    await network.cut(false)
    await receiver.says('sent')
    const report = await closes(work, receiver, shipper)
    expect(report.longest).toBeLessThan(2000)
    expect(receiver.happened('buffer_switched').length).toBeGreaterThanOrEqual(1)
  })

  test('kill -9 of the receiver, while both Redis are away', async () => {
    const { a, b, receive, ship, work } = await setup()
    const shipper = await ship()
    const first = await receive()
    await delay(quarter)
    await Promise.all([a.kill(), b.kill()])
    await delay(quarter)
    await first.kill()
    const second = await receive()
    await a.start()
    await second.says('sent')
    const before = appended(work)
    await drained(work, shipper)
    const sums = await shipper.end()
    const report = await second.end()
    // What was not acknowledged may have been appended: at most what was under way.
    expect(before.ids.difference(delivered(work)).size).toBe(0)
    expect(sums.marks?.done).toBe(delivered(work).size)
    expect(delivered(work).size - before.events).toBeLessThan(RATE)
    expect(report.spooled).toMatchObject({ events: 0 })
  })

  test('kill -9 of the shipper', async () => {
    const { receive, ship, work } = await setup({ pause: 5 })
    let shipper = await ship()
    const receiver = await receive()
    for (let kills = 0; kills < 3; kills++) {
      await delay(quarter)
      await shipper.kill()
      shipper = await ship()
    }
    await receiver.says('sent')
    await drained(work, shipper)
    const sums = await shipper.end()
    await receiver.end()
    const { ids, events } = appended(work)
    expect(delivered(work)).toEqual(ids)
    expect((sums.marks?.done ?? 0) + (sums.marks?.duplicate ?? 0)).toBe(events)
    expect(sums.depth).toMatchObject({ events: 0 })
  })

  test('the disk is full while both Redis are away: what is refused is counted, the rest arrives', async () => {
    const { a, b, receive, ship, work } = await setup({ smallDisk: true })
    const shipper = await ship()
    const receiver = await receive()
    await delay(500)
    await Promise.all([a.kill(), b.kill()])
    await receiver.says('sent')
    await a.start()
    await b.start()
    let seen = -1
    await until('nothing more comes', async () => {
      const now = delivered(work).size
      const same = now === seen && now > 0
      seen = now
      await delay(1500)
      return same
    })
    const sums = await shipper.end()
    const report = await receiver.end()
    const refused = report.refused?.disk ?? 0
    expect(refused).toBeGreaterThan(0)
    expect(report.spooled).toMatchObject({ events: 0 })
    expect(report.handed?.done).toBe(RATE * SECONDS - refused)
    expect(sums.marks?.done).toBe(RATE * SECONDS - refused)
    expect(delivered(work).size).toBe(RATE * SECONDS - refused)
  })
})

function linesOf(path: string): string[] {
  if (!existsSync(path)) return []
  const text = readFileSync(path, 'utf8')
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((line) => line !== '')
}

interface Proxy {
  /** While cut, bytes go nowhere and nobody is told; new connections are accepted. */
  cut(is: boolean): void
  close(): Promise<void>
}

async function startProxy(port: number, to: RedisServer): Promise<Proxy> {
  const sockets = new Set<Socket>()
  let isCut = false
  const server = createServer((socket) => {
    const other = connect(to.port, '127.0.0.1')
    for (const [from, into] of [
      [socket, other],
      [other, socket],
    ] as const) {
      sockets.add(from)
      from.on('data', (bytes) => {
        if (!isCut) into.write(bytes)
      })
      from.on('error', () => {})
      from.on('close', () => {
        sockets.delete(from)
        into.destroy()
      })
    }
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return {
    cut(is) {
      isCut = is
      // What was cut stays cut: bytes are missing in those connections.
      if (!is) for (const socket of sockets) socket.destroy()
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
