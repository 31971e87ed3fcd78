import type { Frame, Probe } from './explain.ts'

interface Stopped {
  probe: Probe
  pattern: string
  /** From the outermost to the innermost. */
  frames: readonly Frame[]
  offset: number
}

/** From the narrow to the wide: the first that fits says most about the text. */
const CANDIDATES = [
  'TIMESTAMP_ISO8601',
  'SYSLOGTIMESTAMP',
  'HTTPDATE',
  'UUID',
  'IP',
  'MAC',
  'EMAILADDRESS',
  'URI',
  'QS',
  'NUMBER',
  'INT',
  'LOGLEVEL',
  'WORD',
  'UNIXPATH',
  'IPORHOST',
  'NOTSPACE',
]

/** What to change in the pattern; null when nothing comes to mind. */
export function suggestionFor({ probe, pattern, frames, offset }: Stopped): string | null {
  const found = probe.search(pattern)
  if (found > 0) {
    return `the pattern fits from character ${found + 1} on, but begins at the start of the line: put what stands there, or %{GREEDYDATA}, in front of it`
  }
  if (offset >= probe.line.length && probe.line.length > 0) return 'the line ends here, the pattern does not'
  const inwards = frames.toReversed()
  for (const ask of [blanks, optional, replacement, here]) {
    for (const frame of inwards) {
      const answer = ask(probe, frame, offset)
      if (answer !== null) return answer
    }
  }
  return null
}

type Ask = (probe: Probe, frame: Frame, offset: number) => string | null

const blanks: Ask = (probe, { before, piece, after }, offset) => {
  const isBlank = /^[ \t]/.test(probe.line.slice(offset))
  const withBlank = `${before}\\s+${piece.text}`
  if (isBlank && probe.end(withBlank) > offset + 1) {
    return `the line has a blank here that the pattern lacks${fits(probe, withBlank + after)}`
  }
  if (piece.kind !== 'literal' || !piece.text.startsWith(' ')) return null
  const without = before + piece.text.replace(/^ +/, '') + after
  return probe.end(without) > offset ? `the pattern has a blank here that the line lacks${fits(probe, without)}` : null
}

const optional: Ask = (probe, { before, piece, after }, offset) =>
  (piece.kind !== 'reference' && piece.kind !== 'group') || probe.end(before + after) <= offset
    ? null
    : `without ${piece.text} the rest fits: write (?:${piece.text})? where it may be missing`

const replacement: Ask = (probe, { before, piece, after }, offset) => {
  if (piece.kind !== 'reference') return null
  const name = CANDIDATES.find((name) => name !== piece.inner && probe.end(`${before}%{${name}}${after}`) > offset)
  return name === undefined ? null : `with %{${name}} in place of ${piece.text} the whole pattern fits`
}

const here: Ask = (probe, { before }, offset) => {
  const name = CANDIDATES.find((name) => probe.end(`${before}%{${name}}`) > offset)
  return name === undefined ? null : `%{${name}} would match what stands here`
}

function fits(probe: Probe, pattern: string): string {
  return probe.end(pattern) >= 0 ? '; so changed, the whole pattern fits' : ''
}
