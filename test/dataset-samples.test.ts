import { expect, test } from 'vitest'
import { runCommand } from './support/programs.ts'

test('every sample of the shipped datasets makes the event that its file states', async () => {
  const { code, stdout } = await runCommand(process.execPath, ['src/main.ts', 'test'], '')
  expect(stdout).toMatch(/^(\d+) of \1 samples as expected/m)
  expect(code).toBe(0)
})
