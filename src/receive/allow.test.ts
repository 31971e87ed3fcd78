import fc from 'fast-check'
import ipaddr from 'ipaddr.js'
import { expect, test } from 'vitest'
import { allowTest } from './allow.ts'
import { Senders } from './senders.ts'

test.each([
  ['10.0.0.0/8', '10.255.0.1', true],
  ['10.0.0.0/8', '11.0.0.1', false],
  ['10.1.2.3', '10.1.2.3', true],
  ['10.1.2.3', '10.1.2.4', false],
  ['0.0.0.0/0', '192.0.2.1', true],
  ['0.0.0.0/0', '2001:db8::1', false],
  ['2001:db8::/32', '2001:db8:1::5', true],
  ['2001:db8::/32', '10.1.2.3', false],
  ['10.0.0.0/8', '::ffff:10.1.2.3', true],
  ['::ffff:10.0.0.0/104', '10.1.2.3', true],
  ['fe80::/10', 'fe80::1%eth0', true],
  ['10.0.0.0/8', 'nonsense', false],
])('%s allows %s: %s', (network, address, allowed) => {
  expect(allowTest([network])(address)).toBe(allowed)
})

test('any of several networks will do; without a list everybody may', () => {
  const allowed = allowTest(['10.0.0.0/8', '::1'])
  expect([allowed('10.0.0.1'), allowed('::1'), allowed('192.0.2.1')]).toEqual([true, true, false])
  expect(allowTest(undefined)('192.0.2.1')).toBe(true)
})

test('a network holds the addresses that share its leading bits, and no others', () => {
  const number = (address: string) =>
    new DataView(Uint8Array.from(ipaddr.parse(address).toByteArray()).buffer).getUint32(0)
  fc.assert(
    fc.property(fc.ipV4(), fc.ipV4(), fc.integer({ min: 1, max: 32 }), (base, address, bits) => {
      const same = number(base) >>> (32 - bits) === number(address) >>> (32 - bits)
      expect(allowTest([`${base}/${bits}`])(address)).toBe(same)
    }),
  )
})

test('an address has one Sender, whichever way it is written', () => {
  const senders = new Senders(['10.0.0.0/8'])
  expect(senders.of('10.1.2.3')).toBe(senders.of('10.1.2.3'))
  expect(senders.of('::ffff:10.1.2.3')).toMatchObject({ address: '10.1.2.3', allowed: true })
  expect(senders.of('fe80::1%eth0')).toMatchObject({ address: 'fe80::1', allowed: false })
})
