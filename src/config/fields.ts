import ipaddr from 'ipaddr.js'
import { z } from 'zod'
import { show } from './units.ts'

type Camel<Name> = Name extends `${infer Head}_${infer Tail}` ? `${Head}${Capitalize<Camel<Tail>>}` : Name

/** Config files say `max_length`, code says `maxLength`. */
export function camel<T extends object>(section: T): { [Key in keyof T as Camel<Key>]: T[Key] } {
  const entries = Object.entries(section).map(([key, value]) => [
    key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
    value,
  ])
  return Object.fromEntries(entries)
}

/** Text that passes `test`. */
export function text(wanted: string, test: (text: string) => boolean) {
  return z.string().refine(test, { error: ({ input }) => `wanted ${wanted}, got ${show(input)}` })
}

/** A name that shows up in metrics, paths and other places of the config. */
export function name() {
  return text('a name of letters, digits, dots, dashes and underscores', (name) => /^[\w][\w.-]*$/.test(name))
}

export function timezone() {
  return text('local, a zone such as Europe/Berlin, or an offset such as +02:00', (zone) => {
    if (zone === 'local') return true
    try {
      new Intl.DateTimeFormat('en', { timeZone: zone })
      return true
    } catch {
      return false
    }
  })
}

/** `10.0.0.0/8`, `2001:db8::/32` or a single address. */
export function network() {
  return text('a network such as 10.0.0.0/8, or an address', isNetwork)
}

export function isNetwork(text: string): boolean {
  if (text.includes('/')) return ipaddr.isValidCIDR(text)
  return ipaddr.IPv4.isValidFourPartDecimal(text) || ipaddr.IPv6.isValid(text)
}
