/**
 * `npm run bench`: what sluice does on this machine, and with `--peers` what others do with the same lines.
 * See bench/README.md; `--help` tells the options.
 */
import { writeFileSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'
import { delimiter, join } from 'node:path'
import { Command } from 'commander'
import { messageOf } from '../src/ledger/files.ts'
import { runPeers } from './comparison.ts'
import { runFaults } from './faults.ts'
import { runGrowth } from './growth.ts'
import { runIngest } from './ingest.ts'
import { runLimits } from './limits.ts'
import { runMatrix } from './matrix.ts'
import { runReference } from './reference.ts'
import { runSoak } from './soak.ts'
import type { Section } from './support/section.ts'
import { markdownTable, plainTable } from './support/table.ts'

const CAPTURES = join(import.meta.dirname, 'captures')
// Redis and the peers may be unpacked beside the checkout; daemons stand in sbin.
const UNPACKED = join(import.meta.dirname, '..', '.cache', 'services', 'bin')
process.env.PATH = [UNPACKED, process.env.PATH, '/usr/sbin', '/sbin'].join(delimiter)

const command = new Command('npm run bench --')
  .description('Replays captures to sluice (and peers) on loopback and prints what that takes.')
  .option('--capture <file...>', 'logs or captures to send instead of the shipped ones')
  .option('--only <names...>', 'configurations of the matrix: receive, archive, store, redis, chain, elasticsearch')
  .option('--seconds <n>', 'how long the highest rate has to hold', Number, 15)
  .option('--peers', 'compare with rsyslog and syslog-ng, installed when they are not there (25 minutes)')
  .option('--faults', 'what sluice and peers lose when the bulk server fails (8 minutes)')
  .option('--growth', 'what a line costs with more hosts, routes, datasets, and longer')
  .option('--ingest', 'what one Elasticsearch node takes from sluice, beside prebuilt requests (5 minutes)')
  .option(
    '--reference <seconds>',
    'how soon a line is found at 4,500 lines a minute, and what memory that takes',
    Number,
  )
  .option('--soak <minutes>', 'memory of the whole chain under a steady load', Number)
  .option('--rounds <n>', 'interleaved rounds of the comparison', Number, 3)
  .option('--json <file>', 'write the figures there, too')
  .option('--markdown', 'print tables for a README')
  .addHelpText(
    'after',
    '\nExamples:\n  $ npm run bench\n  $ npm run bench -- --capture /var/log/syslog --only archive\n  $ npm run bench -- --peers --rounds 5 --json result.json',
  )
const options = command.parse().opts<{
  capture?: string[]
  only?: string[]
  seconds: number
  peers?: boolean
  growth?: boolean
  ingest?: boolean
  reference?: number
  soak?: number
  faults?: boolean
  rounds: number
  json?: string
  markdown?: boolean
}>()

const machine = `${cpus().length} x ${cpus()[0]?.model ?? 'unknown processor'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}, Node ${process.version}`
console.log(machine)
const mix = options.capture ?? [join(CAPTURES, 'mix.log.zst')]
const sshd = options.capture ?? [join(CAPTURES, 'sshd.log.zst')]
const progress = (text: string) => {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`)
}
const sections: Section[] = []
const { peers, faults, growth, ingest, reference, soak, seconds, rounds, only } = options
const steps: (() => AsyncGenerator<Section>)[] = []
if (peers === true) steps.push(() => runPeers({ captures: sshd, rounds, seconds, progress }))
if (faults === true) steps.push(() => runFaults({ progress }))
if (growth === true) steps.push(() => runGrowth({ captures: sshd, seconds, progress }))
if (ingest === true) steps.push(() => runIngest({ captures: mix, progress }))
if (reference !== undefined) steps.push(() => runReference({ captures: mix, seconds: reference, progress }))
if (soak !== undefined) steps.push(() => runSoak({ captures: mix, minutes: soak, progress }))
if (steps.length === 0) {
  steps.push(() => runLimits({ captures: mix, progress }))
  steps.push(() => runMatrix({ captures: mix, only, seconds, progress }))
}
// What a step does on the side fails by itself.
process.on('uncaughtException', fail)
try {
  for (const step of steps) {
    for await (const section of step()) show(section)
  }
} catch (error) {
  fail(error)
}
process.exit()

function fail(error: unknown): never {
  progress('')
  console.error(`the benchmark can't go on: ${messageOf(error)}`)
  process.exit(1)
}

function show(section: Section): void {
  progress('')
  sections.push(section)
  const { title, head, rows, notes } = section
  console.log(`\n${title}\n`)
  console.log(options.markdown === true ? markdownTable(head, rows) : plainTable(head, rows))
  for (const note of notes) console.log(note)
  if (options.json === undefined) return
  const result = { machine, date: new Date().toISOString(), sections }
  writeFileSync(options.json, `${JSON.stringify(result, null, 2)}\n`)
}
