import { readFile } from 'node:fs/promises'
import ipaddr from 'ipaddr.js'
import type { SocketFacts } from './socket.ts'

/**
 * A UDP socket's row in /proc/net/udp or udp6, found by its address: with `node:dgram` nobody else can be bound to it.
 * null: no such row, or no such file (not Linux).
 */
export async function procSocketFacts(address: string, port: number): Promise<SocketFacts | null> {
  try {
    const file = address.includes(':') ? '/proc/net/udp6' : '/proc/net/udp'
    const row = findRow(await readFile(file, 'latin1'), address, port)
    const bootId = await readFile('/proc/sys/kernel/random/boot_id', 'latin1')
    return row === null ? null : { ...row, bootId: bootId.trim() }
  } catch {
    return null
  }
}

/** Columns, after the heading: slot, local address, …, inode as the tenth, drops as the last. */
export function findRow(table: string, address: string, port: number): { inode: number; drops: number } | null {
  const local = procAddress(address, port)
  for (const line of table.split('\n').slice(1)) {
    const columns = line.trim().split(/\s+/)
    if (columns[1] === local) return { inode: Number(columns[9]), drops: Number(columns[12]) }
  }
  return null
}

/** As the kernel prints it on little-endian machines: each four bytes of the address turned round, in hex. */
function procAddress(address: string, port: number): string {
  const bytes = Buffer.from(ipaddr.parse(address).toByteArray())
  const hex = bytes.swap32().toString('hex').toUpperCase()
  return `${hex}:${port.toString(16).toUpperCase().padStart(4, '0')}`
}
