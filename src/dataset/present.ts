import { table } from '../ledger/present.ts'
import type { PatternCounts } from './pattern-counters.ts'

const number = new Intl.NumberFormat('en-US')
const share = new Intl.NumberFormat('en-US', { style: 'percent', maximumFractionDigits: 1 })

/** What patterns did, as lines for people; those that took most time first. */
export function patternLines(counts: readonly PatternCounts[]): string[] {
  if (counts.length === 0) return ['No pattern has been tried yet.']
  const rows = counts.map(({ name, tried, matched, time, timedOut }) => [
    name,
    number.format(tried),
    number.format(matched),
    share.format(tried === 0 ? 0 : matched / tried),
    `${number.format(Math.round(time))} ms`,
    time === 0 ? '' : `${((time * 1000) / tried).toFixed(2)} µs`,
    timedOut === 0 ? '' : number.format(timedOut),
  ])
  return table(['pattern', 'tried', 'matched', '', 'time', 'a try', 'timed out'], rows)
}
