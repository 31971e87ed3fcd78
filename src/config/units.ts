import ipaddr from 'ipaddr.js'
import { z } from 'zod'

const SIZES: Record<string, number> = { b: 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3, tb: 1024 ** 4 }
const DURATIONS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Number and unit, such as `1.5 GB`; undefined when it is something else. */
function measure(text: string, units: Record<string, number>): number | undefined {
  const [, number, unit] = /^(\d+(?:\.\d+)?)\s*([a-z]+)$/i.exec(text.trim()) ?? []
  const factor = Object.hasOwn(units, unit?.toLowerCase() ?? '') ? units[unit.toLowerCase()] : undefined
  const value = factor === undefined ? Number.NaN : Math.round(Number(number) * factor)
  return Number.isSafeInteger(value) ? value : undefined
}

/** Bytes of `64kb`, `1.5gb` (powers of 1024), or undefined. */
export function parseSize(text: string): number | undefined {
  return measure(text, SIZES)
}

/** Milliseconds of `250ms`, `10m`, `7d`, or undefined. */
export function parseDuration(text: string): number | undefined {
  return measure(text, DURATIONS)
}

/** A host and a port to listen on. */
export interface Address {
  /** IPv4 or IPv6, without brackets. */
  host: string
  port: number
}

/** `0.0.0.0:514`, `[::]:514`, `localhost:514`, or a bare port, which means `bare`; undefined when it is none of them. */
export function parseAddress(text: string, bare: string): Address | undefined {
  const [, bracketed, plain, digits] = /^(?:(?:\[([^\]]*)\]|([^:[\]]+)):)?(\d{1,5})$/.exec(text.trim()) ?? []
  const port = Number(digits ?? Number.NaN)
  if (!(port <= 65_535)) return undefined
  if (bracketed !== undefined) return ipaddr.IPv6.isValid(bracketed) ? { host: bracketed, port } : undefined
  if (plain === undefined) return { host: bare, port }
  if (plain === 'localhost') return { host: '127.0.0.1', port }
  return ipaddr.IPv4.isValidFourPartDecimal(plain) ? { host: plain, port } : undefined
}

/** How an address is written in configs and messages. */
export function showAddress({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

interface Unit<T> {
  /** What docs and JSON Schema call it. */
  title: string
  wanted: string
  /** What it looks like, for editors, which can't know what `${VAR}` will hold. */
  pattern: string
  parse(text: string): T | undefined
}

/** A scalar that `parse` understands. */
function scalar<T>({ title, wanted, pattern, parse }: Unit<T>) {
  const error = ({ input }: { input?: unknown }) => `wanted ${wanted}, got ${show(input)}`
  return z
    .string({ error })
    .meta({ title, pattern: `^(\\s*${pattern}\\s*|.*\\$\\{.+)$` })
    .transform((input, context) => {
      const value = parse(input)
      if (value !== undefined) return value
      context.addIssue({ code: 'custom', message: error({ input }), input })
      return z.NEVER
    })
}

/** Bytes; at least `min`, at most `max`. */
export function size(min = '0b', max = '8191tb') {
  return scalar({
    title: 'size',
    wanted: `a size such as 64kb, 10mb or 1.5gb${bounds(min, max, '0b', '8191tb')}`,
    pattern: '\\d+(\\.\\d+)?\\s*[kmgtKMGT]?[bB]',
    parse: within(parseSize, min, max),
  })
}

/** Milliseconds; at least `min`, at most `max`. */
export function duration(min = '0ms', max = '36500d') {
  return scalar({
    title: 'time',
    wanted: `a time such as 250ms, 10s, 5m, 2h or 7d${bounds(min, max, '0ms', '36500d')}`,
    pattern: '\\d+(\\.\\d+)?\\s*(ms|MS|[smhdSMHD])',
    parse: within(parseDuration, min, max),
  })
}

function bounds(min: string, max: string, lowest: string, highest: string): string {
  return (min === lowest ? '' : `, at least ${min}`) + (max === highest ? '' : `, at most ${max}`)
}

function within(parse: (text: string) => number | undefined, min: string, max: string) {
  return (text: string): number | undefined => {
    const value = parse(text)
    if (value === undefined || value < (parse(min) ?? 0) || value > (parse(max) ?? Number.POSITIVE_INFINITY)) return
    return value
  }
}

/** Where to listen; a bare port listens on `bare`. */
export function address(bare: string) {
  const wanted = `an address such as ${bare}:5514, [::]:5514 or 5514`
  const text = scalar({
    title: 'address',
    wanted,
    pattern: '((\\[[0-9a-fA-F:.]+\\]|[0-9.]+|localhost):)?\\d{1,5}',
    parse: (text) => parseAddress(text, bare),
  })
  const port = z
    .int()
    .min(0)
    .max(65_535)
    .meta({ title: 'port' })
    .transform((port): Address => ({ host: bare, port }))
  return z.union([text, port], { error: ({ input }) => `wanted ${wanted}, got ${show(input)}` })
}

/** A value as people recognise it, short and on one line. */
export function show(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object' && value !== null) return 'a mapping'
  const text = JSON.stringify(value)
  return text.length > 60 ? `${text.slice(0, 57)}…"` : text
}
