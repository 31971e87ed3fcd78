import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { expect, test } from 'vitest'

const LIMIT = 1000

test('a process that is stopped in mid-match for longer than the limit blames no pattern and loses no line', async () => {
  const script = new URL('./grok/stopped.ts', import.meta.url).pathname
  const child = spawn(process.execPath, [script, String(LIMIT)], { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
    expect((await lines.next()).value).toBe('ready')
    child.kill('SIGSTOP')
    const from = Date.now()
    await expect.poll(() => Date.now() - from, { timeout: 10_000, interval: 50 }).toBeGreaterThan(LIMIT + 600)
    child.kill('SIGCONT')
    const said: { stops: number } = JSON.parse(String((await lines.next()).value))
    expect(said).toMatchObject({ culprits: [], done: 20 })
    expect(said.stops).toBeGreaterThan(0)
  } finally {
    child.kill('SIGKILL')
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  }
})
