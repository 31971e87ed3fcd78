import { table } from '../../ledger/present.ts'
import type { DeadLetter } from './letter.ts'

const REASON = 100

/** The letters as rows for people; `counts`: how many there are of each output, shown or not. */
export function letterRows(letters: readonly DeadLetter[], counts: ReadonlyMap<string, number>): string[] {
  if (letters.length === 0) return ['no such dead letters']
  const rows = letters.map(({ time, output, id, reason }) => [time, output, id, reason])
  const head = ['refused at', 'output', 'id', 'reason']
  const shown = [head, ...rows.map((row) => row.map((cell) => printable(cell)))]
  const widths = [0, 1, 2].map((column) => Math.max(...shown.map((row) => row[column]?.length ?? 0)))
  const lines = shown.map(([time = '', output = '', id = '', reason = '']) => {
    return [...[time, output, id].map((cell, i) => cell.padEnd(widths[i] ?? 0)), cut(reason)].join('  ')
  })
  const all = [...counts.values()].reduce((a, b) => a + b, 0)
  const totals = [...counts].map(([output, n]) => [printable(output), String(n)])
  const more = all > letters.length ? [`… and ${all - letters.length} more`] : []
  return [...lines, ...more, '', ...table(['output', 'dead letters'], totals)]
}

/** Everything about one letter. */
export function letterDetails({ id, output, index, time, tries, reason, key, event }: DeadLetter): string[] {
  const rows = [
    ['id', id],
    ['output', output],
    ['index', index ?? '-'],
    ['refused at', `${time}, after ${tries === 1 ? '1 try' : `${tries} tries`}`],
    ['reason', reason],
    ['batch', key],
  ]
  return [...rows.map(([name = '', value = '']) => `${name.padEnd(10)}  ${printable(value)}`), ...pretty(event), '']
}

/** JSON on one line, with everything escaped that a terminal might obey. */
export function oneLine(letter: DeadLetter): string {
  return escaped(JSON.stringify(letter))
}

function pretty(event: string): string[] {
  try {
    return JSON.stringify(JSON.parse(event), null, 2).split('\n').map(escaped)
  } catch {
    return [printable(event)]
  }
}

/** JSON.stringify escapes only the first 32; the others mean the same in JSON when they are written as \u. */
function escaped(json: string): string {
  return json.replaceAll(/[\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}

function printable(text: string): string {
  return text.replaceAll(/[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu, '\ufffd')
}

function cut(text: string): string {
  return text.length > REASON ? `${text.slice(0, REASON)}…` : text
}
