/**
 * `npm run bench:check`: has a stage become slower? CPU per event of each stage over that of work which does not change
 * with sluice, both measured in turn, is compared with the ratio in baseline.json; exit code 1 when one is more than a
 * quarter above it.
 *
 *     npm run bench:check [-- --update] [--rounds 40] [--only NAME]
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { openInput } from '../src/replay/input.ts'
import { makePairs, type Stage } from './support/stages.ts'
import { plainTable } from './support/table.ts'
import { Lines } from './timing.ts'

/** Above its baseline by more than this, a stage has become slower. */
const TOLERANCE = 1.25
const LINES = 6000
const BASELINE = join(import.meta.dirname, 'baseline.json')
const UNPACKED = join(import.meta.dirname, '..', '.cache', 'services', 'bin')
process.env.PATH = [UNPACKED, process.env.PATH].join(delimiter)

const { values } = parseArgs({
  options: {
    update: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '40' },
    only: { type: 'string', default: '' },
  },
})
const baseline = z.record(z.string(), z.number()).parse(JSON.parse(readFileSync(BASELINE, 'utf8')))
const stack = new AsyncDisposableStack()
const texts = await readTexts()
const pairs = (await makePairs(new Lines(texts), texts, stack)).filter(({ stage }) => stage.name.includes(values.only))
const best = new Map<Stage, number>()
for (let round = 0; round < Number(values.rounds); round++) {
  for (const stage of new Set(pairs.flatMap(({ stage, reference }) => [stage, reference]))) await time(stage)
}
await stack.disposeAsync()

let slower = 0
const ratios: Record<string, number> = {}
const rows = pairs.map(({ stage, reference }) => {
  const [own, other] = [best.get(stage) ?? 0, best.get(reference) ?? 0]
  const ratio = own / other
  ratios[stage.name] = Number(ratio.toFixed(4))
  const before = baseline[stage.name]
  const change = before === undefined ? undefined : ratio / before
  if (change !== undefined && change > TOLERANCE) slower++
  const verdict = change === undefined ? 'new' : change > TOLERANCE ? 'SLOWER' : change < 1 / TOLERANCE ? 'faster' : ''
  return [
    stage.name,
    own.toFixed(3),
    reference.name,
    other.toFixed(3),
    ratio.toFixed(3),
    before?.toFixed(3) ?? '–',
    verdict,
  ]
})
console.log(plainTable(['stage', 'µs', 'compared with', 'µs', 'ratio', 'baseline', ''], rows))
if (values.update) {
  writeFileSync(BASELINE, `${JSON.stringify({ ...baseline, ...ratios }, null, 2)}\n`)
  console.log(`written to ${BASELINE}`)
} else if (slower > 0) {
  console.log(
    `${slower} slower than the baseline by more than a quarter. V8's code is not the same in each run: if it stays, and ` +
      'is meant: npm run bench:check -- --update',
  )
  process.exitCode = 1
}

/** µs of CPU an event, the best round: on a shared machine anything else only adds. */
async function time(stage: Stage): Promise<void> {
  const before = process.cpuUsage()
  const events = await stage.run()
  const { user, system } = process.cpuUsage(before)
  best.set(stage, Math.min(best.get(stage) ?? Number.POSITIVE_INFINITY, (user + system) / events))
}

async function readTexts(): Promise<string[]> {
  const { chunks } = await openInput(join(import.meta.dirname, 'captures', 'mix.log.zst'))
  const text = Buffer.concat(await Array.fromAsync(chunks)).toString('latin1')
  return text.split('\n').filter(Boolean).slice(0, LINES)
}
