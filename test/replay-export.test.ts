import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createReadStream, mkdtempSync, rmSync, statSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createZstdCompress } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'

const HITS = 120_000
const HEAP_MB = 40
let directory: string
let path: string

/** A search response of one line, larger than the heap of the process that will read it. */
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'sluice-export-'))
  path = join(directory, 'export.json')
  const file = await open(path, 'w')
  await file.write('{"took":5,"hits":{"total":{"value":120000,"relation":"eq"},"hits":[')
  for (let n = 0; n < HITS; n += 1000) {
    const hits = Array.from({ length: 1000 }, (_, i) => hit(n + i)).join(',')
    await file.write(n === 0 ? hits : `,${hits}`)
  }
  await file.write(']},"aggregations":{}}\n')
  await file.close()
})
afterAll(() => rmSync(directory, { recursive: true }))

function line(n: number): string {
  return `<38>Nov 23 03:14:23 web1 sshd[${n}]: Failed password for root from 10.2.4.7 port ${n} ssh2 ${'.'.repeat(100)}`
}

function hit(n: number): string {
  const _source = { '@timestamp': '2026-11-23T03:14:23Z', message: line(n).slice(33), event: { original: line(n) } }
  return JSON.stringify({ _index: 'syslog-2026.11.23', _id: `x-${n}`, _score: 1, _source })
}

test.each(['plain', 'zstd'])('a search export larger than the heap is sent whole (%s)', async (packing) => {
  expect(statSync(path).size).toBeGreaterThan(HEAP_MB * 1024 * 1024)
  let input = path
  if (packing === 'zstd') {
    input = `${path}.zst`
    const out = (await open(input, 'w')).createWriteStream()
    await pipeline(createReadStream(path), createZstdCompress(), out)
  }
  let bytes = 0
  let text = ''
  const server = createServer((socket) => {
    socket.on('data', (chunk) => {
      bytes += chunk.length
      text = (text + chunk.toString('latin1')).slice(-500)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  try {
    const args = ['src/main.ts', 'replay', input, '--to', `tcp://127.0.0.1:${port}`, '--framing', 'newline', '--json']
    const child = spawn(process.execPath, [`--max-old-space-size=${HEAP_MB}`, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let stdout = ''
    child.stdout.on('data', (chunk) => (stdout += chunk))
    await once(child, 'close')
    expect(child.exitCode).toBe(0)
    let wanted = 0
    for (let n = 0; n < HITS; n++) wanted += line(n).length
    expect(JSON.parse(stdout)).toMatchObject({ sent: HITS, bytes: wanted, skipped: {} })
    expect(bytes).toBe(wanted + HITS)
    expect(text.endsWith(`${line(HITS - 1)}\n`)).toBe(true)
  } finally {
    server.close()
  }
})
