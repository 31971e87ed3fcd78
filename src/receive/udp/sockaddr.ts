import ipaddr from 'ipaddr.js'

/** <sys/socket.h> */
export const AF_INET = 2
export const AF_INET6 = 10
/** `struct sockaddr_in6`, the longer one. */
export const SOCKADDR_SIZE = 28

export interface SocketAddress {
  family: 4 | 6
  address: string
  port: number
}

/** `struct sockaddr_in` or `sockaddr_in6` (ip(7), ipv6(7)): family, port in network order, [flow,] address. */
export function encodeSocketAddress(address: string, port: number): Buffer {
  const ip = ipaddr.parse(address)
  const v6 = ip.kind() === 'ipv6'
  const bytes = Buffer.alloc(v6 ? SOCKADDR_SIZE : 16)
  bytes.writeUInt16LE(v6 ? AF_INET6 : AF_INET, 0)
  bytes.writeUInt16BE(port, 2)
  bytes.set(ip.toByteArray(), v6 ? 8 : 4)
  return bytes
}

/** null: neither IPv4 nor IPv6. */
export function decodeSocketAddress(bytes: Buffer): SocketAddress | null {
  const port = bytes.readUInt16BE(2)
  switch (bytes.readUInt16LE(0)) {
    case AF_INET:
      return { family: 4, address: ipText(bytes.subarray(4, 8)), port }
    case AF_INET6:
      return { family: 6, address: ipText(bytes.subarray(8, 24)), port }
    default:
      return null
  }
}

/** The usual text form (RFC 5952) of 4 or 16 bytes; IPv4-mapped ones stay IPv6. */
export function ipText(bytes: Uint8Array): string {
  return ipaddr.fromByteArray([...bytes]).toString()
}
