import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runCommand } from './support/programs.ts'
import { workspace } from './support/sluice.ts'

test('every sample of the shipped datasets makes the event that its file states', async () => {
  const { code, stdout } = await runCommand(process.execPath, ['src/main.ts', 'test'], '')
  expect(stdout).toMatch(/^(\d+) of \1 samples as expected/m)
  expect(code).toBe(0)
})

test('test shows what differs, and --update writes it, leaving the rest of the file as it is', async () => {
  await using dir = await workspace()
  const file = join(dir.path, 'mine.yaml')
  const text = `dataset: mine
programs: [ mine ]   # and no other
patterns:
  - {name: count, match: 'count %{INT:mine.count:int} of %{WORD:mine.what}', set: {event.type: [info]}}
fields: {mine.count: long}
samples:
  - line: '<14>Nov 23 03:14:21 h mine: count 7 of eggs'
    expect: {mine.count: 8, event.type: [info], mine.what: 'eggs'}
`
  await writeFile(file, text)
  const run = (...args: string[]) => runCommand(process.execPath, ['src/main.ts', 'test', '--file', file, ...args], '')
  const shown = await run()
  expect(shown.code).toBe(1)
  expect(shown.stdout).toContain('  - mine.count: 8\n  + mine.count: 7\n')
  expect(await readFile(file, 'utf8')).toBe(text)
  await run('--update')
  expect(await readFile(file, 'utf8')).toBe(text.replace('mine.count: 8', 'mine.count: 7'))
  expect(await run()).toMatchObject({ code: 0 })
})
