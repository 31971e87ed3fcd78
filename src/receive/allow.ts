import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

type Range = readonly [address: ipaddr.IPv4 | ipaddr.IPv6, bits: number]

/**
 * A test for addresses: whether one is in any of the networks (`10.0.0.0/8`, `2001:db8::/32`, or single addresses).
 * IPv4-mapped addresses (`::ffff:10.1.2.3`, RFC 4291 section 2.5.5.2) count as IPv4 on both sides. About 1 µs: meant to be
 * asked once a sender.
 *
 * @param networks undefined: everybody is allowed
 * @throws Error for what is neither a network nor an address
 */
export function allowTest(networks: readonly string[] | undefined): (address: string) => boolean {
  if (networks === undefined) return () => true
  const ranges = networks.map(parseRange)
  return (text) => {
    const plain = text.split('%', 1)[0]
    if (isIP(plain) === 0) return false
    const address = ipaddr.process(plain)
    return ranges.some(([base, bits]) => base.kind() === address.kind() && address.match(base, bits))
  }
}

function parseRange(text: string): Range {
  if (!text.includes('/')) {
    const address = ipaddr.process(text)
    return [address, address.kind() === 'ipv4' ? 32 : 128]
  }
  const [base, bits] = ipaddr.parseCIDR(text)
  const mapped = base instanceof ipaddr.IPv6 && base.isIPv4MappedAddress() && bits >= 96
  return mapped ? [base.toIPv4Address(), bits - 96] : [base, bits]
}
