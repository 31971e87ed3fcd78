import { LEVELS } from './levels.ts'
import type { Hit } from './question.ts'

/** Names and colours (ECMA-48 SGR) by severity code. */
const NAMES = ['emerg', 'alert', 'crit', 'err', 'warning', 'notice', 'info', 'debug']
const COLOURS = [35, 35, 31, 31, 33, 36, undefined, 2]

/**
 * Makes text from strangers safe to show: control characters (C0, DEL, C1) and the bidirectional controls, which could
 * move the cursor, set the window's title or reverse what is read, are shown as escapes.
 */
export function harmless(text: string): string {
  return text.replace(/[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, (character) => {
    const code = character.charCodeAt(0)
    if (character === '\t') return '  '
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16)}`
  })
}

/** One line an event: local time, level, host, program, message. */
export function hitLine(hit: Hit, colours: boolean): string {
  const severity = LEVELS.findIndex((names) => names.includes(hit.level ?? ''))
  const code = COLOURS[severity]
  const shown = harmless(NAMES[severity] ?? hit.level ?? '').padEnd(7)
  const text = [
    localTime(hit.time),
    colours && code !== undefined ? `\x1b[${code}m${shown}\x1b[0m` : shown,
    harmless(hit.host ?? '-'),
    `${harmless(hit.program ?? '-')}:`,
    harmless(hit.message ?? ''),
  ]
  return text.join(' ')
}

/** `2026-11-23 15:04:05.678` in the local zone. */
export function localTime(ms: number): string {
  const date = new Date(ms)
  const two = (n: number, width = 2) => String(n).padStart(width, '0')
  const day = `${two(date.getFullYear(), 4)}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
  const clock = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
  return `${day} ${clock}.${two(date.getMilliseconds(), 3)}`
}

/** A count with a bar, whose length compares with the greatest count. */
export function bar(label: string, events: number, greatest: number, width: number): string {
  const length = (events / Math.max(1, greatest)) * width
  const rest = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'][Math.floor((length % 1) * 8)] ?? ''
  return `${label} ${String(events).padStart(9)} ${'█'.repeat(Math.floor(length))}${rest}`.trimEnd()
}
