import { resolve } from 'node:path'
import { type Command, InvalidArgumentError } from 'commander'
import { patternCounts } from '../dataset/pattern-counts.ts'
import { patternLines } from '../dataset/present.ts'
import { callControl, NotRunning } from '../engine/control.ts'
import { lastReport } from '../engine/last-report.ts'
import { UserError } from '../errors.ts'
import { ledgerLines } from '../ledger/present.ts'
import { ledgerReport } from '../ledger/report.ts'

interface Options {
  data: string
  hosts: number
  patterns?: boolean
  json?: boolean
}

export function define(command: Command): void {
  command
    .description('Show the ledger: what was received, where it is now, what was lost and why.')
    .option('--data <dir>', 'data directory', './data')
    .option('--hosts <n>', 'show so many hosts, those with the most lines first', atLeastZero, 10)
    .option('--patterns', 'show what each grok pattern did since the start: tried, matched, time, timed out')
    .option('--json', 'print the whole ledger (or the patterns) as one JSON document')
    .addHelpText(
      'after',
      `
For each output the terms below "received" add up to it, over all starts since the data directory was made. Of a
stopped sluice the ledger of its last stop is shown. Exit code 0: the sum closes; 1: it does not, or there is none.

Examples:
  $ sluice status
  $ sluice status --data /var/lib/sluice --json | jq '.outputs[] | {output, buffered, lost}'`,
    )
    .action(run)
}

async function run(options: Options): Promise<void> {
  const data = resolve(options.data)
  if (options.patterns) {
    await showPatterns(data, options.json === true)
    return
  }
  const { report: value, running } = await ask(data)
  const report = ledgerReport.parse(value)
  if (options.json) console.log(JSON.stringify({ running, ...report }))
  else {
    const state = running ? 'running' : `stopped; its closing ledger of ${report.time}`
    console.log([`sluice in ${data}: ${state}`, '', ...ledgerLines(report, options.hosts)].join('\n'))
  }
  if (!report.closes) process.exitCode = 1
}

async function showPatterns(data: string, json: boolean): Promise<void> {
  let answer: unknown = []
  try {
    for await (const counts of callControl(data, 'patterns', {})) answer = counts
  } catch (error) {
    if (!(error instanceof NotRunning)) throw error
    throw new UserError(`No sluice runs with the data directory ${data}: patterns are counted from each start on.`)
  }
  const counts = patternCounts.parse(answer)
  console.log(json ? JSON.stringify(counts) : patternLines(counts).join('\n'))
}

async function ask(data: string): Promise<{ report: unknown; running: boolean }> {
  try {
    for await (const report of callControl(data, 'status', {})) return { report, running: true }
  } catch (error) {
    if (!(error instanceof NotRunning)) throw error
  }
  const report = await lastReport(data)
  if (report !== null) return { report, running: false }
  throw new UserError(
    `No sluice runs with the data directory ${data}, and it has no ledger of a clean stop. ` +
      'Start it there (the ledger then tells what a crash has lost), or name another one with --data.',
  )
}

function atLeastZero(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('wanted a number from 0')
  return Number(text)
}
