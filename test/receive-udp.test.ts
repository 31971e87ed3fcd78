import { afterEach, describe, expect, test } from 'vitest'
import { UserError } from '../src/errors.ts'
import { eventually, numbered, send, TestUdp } from './receive-harness.ts'

const running: TestUdp[] = []

async function start(...args: Parameters<typeof TestUdp.start>): Promise<TestUdp> {
  const udp = await TestUdp.start(...args)
  running.push(udp)
  return udp
}

afterEach(async () => {
  await Promise.all(running.splice(0).map((udp) => udp.stop()))
})

describe.each([
  ['native', true],
  ['node:dgram', false],
])('UDP through %s', (_, native) => {
  test('datagrams arrive whole, in order, with sender and time, and are counted first', async () => {
    const udp = await start({ native })
    expect(udp.facts.native).toBe(native)
    const before = Date.now()
    const messages = numbered(2000)
    await send(udp.facts.port, messages)
    await eventually(() => expect(udp.lines).toHaveLength(2000))
    expect(udp.texts).toEqual(messages)
    expect(udp.lines.every(({ sender, truncated }) => sender === '127.0.0.1' && !truncated)).toBe(true)
    expect(udp.lines.every(({ receivedAt }) => receivedAt >= before && receivedAt <= Date.now())).toBe(true)
    expect(udp.lanes[0]).toMatchObject({ datagrams: 2000, refused: 0, uncounted: 0 })
    expect(udp.sum('bytes')).toBe(messages.join('').length)
  })

  test('the longest and the empty datagram; longer than maxLength is cut and flagged', async () => {
    const udp = await start({ native, maxLength: 65_536 })
    const short = await start({ native, maxLength: 500 })
    const longest = 'x'.repeat(65_507)
    await send(udp.facts.port, [longest, '', 'end'])
    await send(short.facts.port, ['y'.repeat(500), 'y'.repeat(501), 'end'])
    await eventually(() => expect(udp.lines).toHaveLength(3))
    await eventually(() => expect(short.lines).toHaveLength(3))
    expect(udp.texts).toEqual([longest, '', 'end'])
    expect(short.lines.map(({ text, truncated }) => [text.length, truncated])).toEqual([
      [500, false],
      [500, true],
      [3, false],
    ])
  })

  test('IPv6, and IPv4 on [::], which is shown as IPv4', async () => {
    const udp = await start({ native, host: '::' })
    await send(udp.facts.port, ['six'], '::1')
    await send(udp.facts.port, ['four'], '127.0.0.1')
    await eventually(() => expect(udp.lines).toHaveLength(2))
    expect(udp.lines.map(({ text, sender }) => [text, sender])).toEqual([
      ['six', '::1'],
      ['four', '127.0.0.1'],
    ])
  })

  test('what senders send that are not allowed is counted as refused and goes no further', async () => {
    const udp = await start({ native, host: '0.0.0.0', allow: ['127.0.0.0/30', '::1'] })
    await send(udp.facts.port, ['stranger', 'stranger'], '127.0.0.1', '127.0.0.9')
    await send(udp.facts.port, ['friend'])
    await eventually(() => expect(udp.lines).toHaveLength(1))
    expect(udp.texts).toEqual(['friend'])
    expect(udp.lanes[0]).toMatchObject({ datagrams: 3, refused: 2 })
  })

  test('a full core is not fed; what does not fit meanwhile is counted, exactly', async () => {
    const udp = await start({ native, receiveBuffer: 64 * 1024 }, { full: true })
    const messages = numbered(3000)
    await send(udp.facts.port, messages)
    udp.post(0, {})
    await eventually(() => expect(udp.lanes[0]).toBeDefined())
    expect(udp.sum('datagrams')).toBe(0)
    udp.post(0, { full: false })
    await eventually(() => expect(udp.lines.length).toBeGreaterThan(0))
    await udp.stop()
    expect(udp.sum('drops')).toBeGreaterThan(0)
    expect(udp.sum('datagrams') + udp.sum('drops')).toBe(3000)
    expect(udp.lines).toHaveLength(udp.sum('datagrams'))
    // The first ones, in order.
    expect(udp.texts).toEqual(messages.slice(0, udp.lines.length))
  })

  test('the stop takes what the socket holds, also with a full core', async () => {
    const udp = await start({ native }, { full: true })
    await send(udp.facts.port, numbered(500))
    await udp.stop()
    expect(udp.lines).toHaveLength(500)
    expect(udp.lanes[0]).toMatchObject({ datagrams: 500, drops: 0, flushed: true })
  })

  test('what arrives between the bind and the start is not lost, and a lane can be stopped before it starts', async () => {
    const { openUdp } = await import('../src/receive/udp/udp.ts')
    const options = { host: '127.0.0.1', port: 0, lanes: 1, native, receiveBuffer: 1 << 20, maxLength: 65_536 }
    const lines: unknown[] = []
    const handlers = { onMessage: (_: number, message: unknown) => lines.push(message), onFailure: () => {} }
    const never = await openUdp(options, handlers)
    await never.stop()
    const udp = await openUdp(options, handlers)
    await send(udp.facts.port, ['early'])
    await udp.start({ module: new URL('./receive-core.ts', import.meta.url).href, options: () => ({}) })
    await eventually(() => expect(lines).toContainEqual(expect.objectContaining({ datagrams: 1 })))
    await udp.stop()
  })

  test('a taken port is an error that says which and what to do', async () => {
    const { port } = (await start({ native })).facts
    for (const lanes of [1, 2]) {
      const second = TestUdp.start({ native, port, lanes })
      await expect(second).rejects.toThrow(UserError)
      await expect(second).rejects.toThrow(`udp 127.0.0.1:${port}: port ${port} is taken`)
    }
  })

  test('an address that is none of the own is an error that says so', async () => {
    await expect(TestUdp.start({ native, host: '192.0.2.1' })).rejects.toThrow('no address 192.0.2.1')
  })

  test('a socket is known by its inode and the boot, for the ledger', async () => {
    const udp = await start({ native })
    expect(udp.facts.sockets).toEqual([
      { inode: expect.any(Number), bootId: expect.stringMatching(/^[\da-f-]{36}$/), drops: 0 },
    ])
    expect(udp.facts.sockets[0]?.inode).toBeGreaterThan(0)
  })

  test('a core that throws is reported', async () => {
    const udp = await start({ native }, { broken: true })
    await send(udp.facts.port, ['x'])
    await eventually(() => expect(udp.failures).toContain('broken on purpose'))
  })
})

describe('several lanes', () => {
  test('share the traffic of a port; each sender stays with one lane', async () => {
    const udp = await start({ lanes: 2 })
    const senders = Array.from({ length: 40 }, (_, i) => send(udp.facts.port, [`${i} a`, `${i} b`, `${i} c`]))
    await Promise.all(senders)
    await eventually(() => expect(udp.lines).toHaveLength(120))
    expect(udp.lanes.map(({ datagrams }) => datagrams > 0 && datagrams % 3 === 0)).toEqual([true, true])
    expect(udp.facts.sockets).toHaveLength(2)
    await udp.stop()
    expect(udp.lanes.map(({ flushed }) => flushed)).toEqual([true, true])
  })

  test('a second sluice with several lanes does not join in', async () => {
    const { port } = (await start({ lanes: 2 })).facts
    await expect(TestUdp.start({ port, lanes: 2 })).rejects.toThrow(`port ${port} is taken`)
  })

  test('a message reaches the lane that it is for', async () => {
    const udp = await start({ lanes: 2 })
    udp.post(1, {})
    await eventually(() => expect(udp.lanes[1]).toBeDefined())
    expect(udp.lanes[0]).toBeUndefined()
  })
})
