import type { HostReport, LedgerReport, OutputReport, RouteReport } from './report.ts'

/** Made when it is asked for: a service would keep 1.5 MB of languages' tables for it. */
let number: Intl.NumberFormat | undefined
const n = (value: number) => {
  number ??= new Intl.NumberFormat('en-US')
  return number.format(value)
}

/** The ledger as lines for people. `hosts`: at most so many, those with the most lines first. */
export function ledgerLines(report: LedgerReport, hosts: number): string[] {
  return [
    ...inputLines(report),
    ...report.outputs.flatMap((output) => ['', ...outputLines(output)]),
    ...report.taken.flatMap((taken) => ['', ...takenLines(taken)]),
    ...report.troubles.map((trouble) => `\nnot all goes out: ${printable(trouble, 500)}`),
    '',
    ...archiveLines(report),
    ...redisLines(report),
    ...(hosts === 0 ? [] : [...routeLines(report.routes), ...hostLines(report.hosts, hosts)]),
  ]
}

function inputLines({ inputs }: LedgerReport): string[] {
  const rows = Object.entries(inputs).map(([input, counters]) => [
    input,
    n(counters.received ?? 0),
    n(counters.kernel_drops ?? 0),
    n(counters.refused ?? 0),
  ])
  if (rows.length === 0) return ['Nothing has been received yet.']
  return table(['input', 'received', 'dropped by kernel', 'refused'], rows)
}

/** An account: what was received, and below it where it is. Zero lines are left out, but for the most important. */
function outputLines(row: OutputReport): string[] {
  const lost = Object.entries(row.lost).map(([reason, events]): [string, number] => [`lost (${reason})`, events])
  const terms: [string, number][] = [
    ['refused', row.refused],
    ['joined to the line before', row.joined],
    ['dropped by rule', row.dropped],
    [row.output === '' ? 'archived only' : 'not for this output', row.archivedOnly],
    ['buffered', row.buffered],
    ['handed on', row.handedOn],
    ['delivered', row.delivered],
    ['duplicates', row.duplicates],
    ['dead letters', row.dead],
    ...lost,
    ['in hand', row.inHand],
  ]
  const always = ['buffered', 'delivered']
  const shown = terms.filter(([name, events]) => events !== 0 || (row.output !== '' && always.includes(name)))
  const width = Math.max(n(row.received).length, ...shown.map(([, events]) => n(events).length))
  const line = (name: string, events: number, sign: string) => `  ${sign} ${n(events).padStart(width)}  ${name}`
  return [
    row.output === '' ? 'archive' : `output ${row.output}`,
    line('received', row.received, ' '),
    ...shown.map(([name, events], i) => line(name, events, i === 0 ? '=' : '+')),
    row.closes ? '  the sum closes' : '  THE SUM DOES NOT CLOSE: this is a defect, please report it',
    ...(row.oldest === null ? [] : [`  the oldest event waits since ${row.oldest}`]),
  ]
}

function takenLines(row: LedgerReport['taken'][number]): string[] {
  const lost = Object.entries(row.lost).map(([reason, events]): [string, number] => [`lost (${reason})`, events])
  const terms: [string, number][] = [
    ['delivered', row.delivered],
    ['duplicates', row.duplicates],
    ['dead letters', row.dead],
  ]
  const shown = [...terms, ...lost].filter(([name, events]) => events !== 0 || name === 'delivered')
  const width = n(row.events).length
  return [
    `output ${row.output}, taken from Redis, whoever had put it there`,
    `    ${n(row.events)}  settled`,
    ...shown.map(([name, events], i) => `  ${i === 0 ? '=' : '+'} ${n(events).padStart(width)}  ${name}`),
  ]
}

function archiveLines({ archive }: LedgerReport): string[] {
  const failed = Object.entries(archive.failed).map(([reason, lines]) => `, not written (${reason}): ${n(lines)}`)
  const overflowed = archive.overflowed === 0 ? '' : `, of these to _overflow.log: ${n(archive.overflowed)}`
  const uncertain = archive.uncertain === 0 ? '' : `, written or lost in a crash: ${n(archive.uncertain)}`
  return [`archive: ${n(archive.lines)} lines written${overflowed}${failed.join('')}${uncertain}`]
}

function redisLines({ redis, singleCopies }: LedgerReport): string[] {
  const lines = redis.map(({ name, trouble, since }) => {
    return trouble === null
      ? `${name}: well since ${since}`
      : `${name}: NOT WELL since ${since}: ${printable(trouble, 200)}`
  })
  return singleCopies === 0 ? lines : [...lines, `mirror: ${n(singleCopies)} batches have had one copy only`]
}

type Row = Omit<HostReport, 'host' | 'skew'>

const total = (row: Row) => row.buffered + row.settled + row.dropped + row.archivedOnly
const COUNTS = ['lines', 'delivered', 'buffered', 'archived only', 'dropped by rule', 'lost']

function counts(row: Row): string[] {
  const delivered = row.settled - row.lost
  return [total(row), delivered, row.buffered, row.archivedOnly, row.dropped, row.lost].map(n)
}

function routeLines(routes: readonly RouteReport[]): string[] {
  const sorted = [...routes].sort((a, b) => total(b) - total(a))
  if (sorted.length === 0) return []
  return [
    '',
    ...table(
      ['route', ...COUNTS],
      sorted.map((row) => [printable(row.route), ...counts(row)]),
    ),
  ]
}

function hostLines(hosts: readonly HostReport[], most: number): string[] {
  const sorted = [...hosts].sort((a, b) => total(b) - total(a)).slice(0, most)
  if (sorted.length === 0) return []
  const rows = sorted.map((row) => {
    const behind = row.skew === null ? '' : `${(row.skew / 1000).toFixed(1)} s`
    return [printable(row.host), ...counts(row), behind]
  })
  const more = hosts.length > sorted.length ? [`… and ${n(hosts.length - sorted.length)} more hosts`] : []
  return ['', ...table(['host', ...COUNTS, 'clock behind'], rows), ...more]
}

/** The first column to the left, the others to the right. */
export function table(head: string[], rows: string[][]): string[] {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column].length)))
  const line = (row: string[]) =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column]))).join('  ')
  return [head, ...rows].map(line)
}

/** Names come from strangers: nothing in them may steer the terminal. */
function printable(name: string, most = 64): string {
  return name.replaceAll(/[^\p{L}\p{N}\p{P}\p{S} ]/gu, '\ufffd').slice(0, most)
}
