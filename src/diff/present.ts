import { harmless } from '../coverage/shape.ts'
import type { Compared } from './diff.ts'
import type { DifferenceCounts } from './difference-counts.ts'
import type { Difference } from './differences.ts'

const number = new Intl.NumberFormat('en-US')
/** Characters of a line, and of a value. */
const LINE = 160
const VALUE = 60

/** What differs, as lines for people. */
export function differenceLines(counts: DifferenceCounts, compared: Compared): string[] {
  const { lines, before, after } = compared
  const summary = `${number.format(lines)} lines: ${number.format(before)} events before, ${number.format(after)} after`
  if (counts.total === 0) return [`${summary}; no difference`]
  const { kinds, others } = counts
  const width = number.format(kinds[0].count).length
  const indent = ' '.repeat(width + 2)
  return [
    `${summary}. Differences by kind, each with the first of them:`,
    ...kinds.flatMap(({ kind, field, count, example }) => [
      '',
      `${number.format(count).padStart(width)}  ${titleOf(kind, field)}: ${shown(example.old)} → ${shown(example.new)}`,
      `${indent}${shortened(example.line, LINE)}`,
    ]),
    ...(others > 0 ? ['', `and ${number.format(others)} of other fields`] : []),
    ...accountLines(compared),
  ]
}

function titleOf(kind: Difference['kind'], field: string | undefined): string {
  return harmless(field === undefined ? WORDS[kind] : `${kind} ${field}`)
}

/** What became of lines that no output got. */
function accountLines({ accounts: [before, after] }: Compared): string[] {
  const names = Object.keys({ ...before, ...after }).filter((name) => (before[name] ?? 0) !== (after[name] ?? 0))
  if (names.length === 0) return []
  const one = (value = 0) => number.format(value)
  return ['', ...names.map((name) => `${harmless(name)}: ${one(before[name])} → ${one(after[name])} lines`)]
}

const WORDS: Readonly<Record<Difference['kind'], string>> = {
  gone: 'event gone',
  new: 'event new',
  lost: 'lost',
  gained: 'gained',
  changed: 'changed',
  outputs: 'outputs',
  files: 'archive files',
}

function shown(value: unknown): string {
  return value === undefined ? '(none)' : shortened(JSON.stringify(value), VALUE)
}

function shortened(text: string, length: number): string {
  return harmless(text.length > length ? `${text.slice(0, length)}…` : text)
}
