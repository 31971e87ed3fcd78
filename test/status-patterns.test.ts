import { appendFile, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { patternCounts } from '../src/dataset/pattern-counts.ts'
import { hit } from '../src/deliver/store/question.ts'
import { runCommand } from './support/programs.ts'
import { startSluice, storedEvents, until, workspace } from './support/sluice.ts'

/** Exponential over a line of `a`, and out of reach of V8's linear engine: it looks ahead. */
const OWN = `
dataset: own
programs: [own]
patterns:
  - { name: runaway, match: '(?:(?:a|aa)+)+(?=z)!' }
  - { name: number, match: 'number %{INT:own.number:int}' }
fields: { own.number: long }
`
const LINES = 400

test('status --patterns tells what a pattern of one\u2019s own did, and that it was given up', async () => {
  await using dir = await workspace()
  const datasets = join(dir.path, 'datasets')
  const log = join(dir.path, 'own.log')
  await mkdir(datasets)
  await writeFile(join(datasets, 'own.yaml'), OWN)
  await writeFile(log, '')
  await using sluice = await startSluice(
    dir.path,
    `
receive: [{ tail: "${log}", program: own }]
datasets: ["${datasets}"]
deliver: [{ store: {} }]
metrics: false
`,
  )
  const patterns = async () => {
    const { stdout } = await runCommand(
      process.execPath,
      ['src/main.ts', 'status', '--patterns', '--json', '--data', sluice.data],
      '',
    )
    const all = patternCounts.parse(JSON.parse(stdout))
    const of = (name: string) => all.find((one) => one.name === name)
    return { runaway: of('own/runaway'), number: of('own/number') }
  }

  await appendFile(log, lines(0))
  const before = await until('every line is matched', async () => {
    const counts = await patterns()
    return counts.number?.matched === LINES && counts
  })
  expect(before.number).toMatchObject({ tried: LINES, timedOut: 0 })
  expect(before.number?.time).toBeGreaterThan(0)

  // The lines behind it stand in the same chunk.
  await appendFile(log, `${'a'.repeat(60)}\n${lines(LINES)}`)
  const after = await until('the pattern is given up', async () => {
    const counts = await patterns()
    return counts.number?.matched === 2 * LINES && (counts.runaway?.timedOut ?? 0) > 0 && counts
  })
  expect(after.runaway).toMatchObject({ matched: 0, timedOut: 1 })
  expect(sluice.log()).toContain('own/runaway')

  await until('every event is stored', async () => (await storedEvents(sluice)) === 2 * LINES + 1)
  const rows = await sluice.query({ kind: 'events', limit: 10_000 })
  const messages = rows.map((row) => hit.parse(row).message)
  expect(messages).toContain('a'.repeat(60))
  expect(new Set(messages).size).toBe(2 * LINES + 1)
  const table = await runCommand(process.execPath, ['src/main.ts', 'status', '--patterns', '--data', sluice.data], '')
  expect(table.stdout).toMatch(/^pattern +tried +matched .*timed out$/m)
  expect(table.stdout).toMatch(/^own\/number +800 +800 +100%/m)
})

function lines(from: number): string {
  return Array.from({ length: LINES }, (_, i) => `number ${from + i}\n`).join('')
}
