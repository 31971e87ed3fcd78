import fc from 'fast-check'
import ipaddr from 'ipaddr.js'
import { expect, test } from 'vitest'
import { SENDERS } from '../senders.ts'
import { NAME_WORDS } from './receive-ring.ts'
import { decodeSocketAddress, encodeSocketAddress } from './sockaddr.ts'
import { SocketSenders } from './socket-senders.ts'

/** As the kernel leaves senders' addresses in the ring. */
function ring(...addresses: string[]): Int32Array {
  const names = new Int32Array(addresses.length * NAME_WORDS)
  const bytes = Buffer.from(names.buffer)
  for (const [slot, address] of addresses.entries())
    encodeSocketAddress(address, 514).copy(bytes, slot * NAME_WORDS * 4)
  return names
}

test('every address comes out as its usual text; IPv4-mapped ones as IPv4', () => {
  const senders = new SocketSenders(undefined)
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), fc.integer({ min: 0, max: 65_535 }), (text, port) => {
      const names = ring('192.0.2.1', text)
      const { address } = senders.of(names, 1)
      expect(address).toBe(ipaddr.process(text).toString())
      expect(senders.of(names, 1)).toBe(senders.of(ring(text), 0))
      const decoded = decodeSocketAddress(encodeSocketAddress(text, port))
      expect(decoded).toMatchObject({ port, address: ipaddr.parse(text).toString() })
    }),
  )
})

test('IPv4 is one sender on an IPv4 and on a dual-stack socket, and allowed or not alike', () => {
  const senders = new SocketSenders(['10.0.0.0/8'])
  const names = ring('10.1.2.3', '::ffff:10.1.2.3', '192.0.2.255', '2001:db8::1')
  expect(senders.of(names, 0)).toBe(senders.of(names, 1))
  expect([0, 1, 2, 3].map((slot) => senders.of(names, slot).allowed)).toEqual([true, true, false, false])
  expect(senders.of(names, 2).address).toBe('192.0.2.255')
})

test('a flood of forged addresses stays bounded and harmless', () => {
  const senders = new SocketSenders(undefined)
  const names = ring('10.0.0.0')
  const first = senders.of(names, 0)
  for (let i = 0; i <= SENDERS; i++) {
    names[1] = i
    senders.of(names, 0)
  }
  const again = senders.of(ring('10.0.0.0'), 0)
  expect(again).not.toBe(first)
  expect(again.address).toBe('10.0.0.0')
})
