/**
 * The receiver's memory while both Redis are away: a sluice, started as people start it, gets lines over UDP at 20,000/s
 * on loopback; after some seconds its two Redis are killed, and its batches go to disk. Prints RSS each second, idle
 * and highest; ends with 1 when the bound is passed, or the ledger does not close.
 *
 *   PATH=.cache/services/bin:$PATH node bench/receiver-memory.ts [FILE...]   (plain syslog lines; lines of all kinds)
 *   SECONDS_AWAY=60, RATE=20000, BOUND=150 (MB), LANES=1
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { callControl } from '../src/engine/control.ts'
import { ledgerReport } from '../src/ledger/report.ts'
import { freePort } from '../test/support/programs.ts'
import { startRedis } from '../test/support/redis.ts'
import { until } from '../test/support/sluice.ts'

const number = (name: string, otherwise: number) => Number(process.env[name] ?? otherwise)
const AWAY = number('SECONDS_AWAY', 60)
const RATE = number('RATE', 20_000)
const BOUND = number('BOUND', 150)
const SLUICE = join(import.meta.dirname, '../bin/sluice')
const given = process.argv.slice(2)
const files = given.length > 0 ? given : [join(import.meta.dirname, 'captures', 'mix.log.zst')]

const dir = mkdtempSync(join(tmpdir(), 'sluice-bench-'))
const data = join(dir, 'data')
await using a = await startRedis()
await using b = await startRedis()
const port = await freePort()
writeFileSync(
  join(dir, 'sluice.yaml'),
  `data: ${data}
receive: [{ udp: "127.0.0.1:${port}", lanes: ${number('LANES', 1)} }]
buffer: { redis: ["${a.url}", "${b.url}"], ship: false, disk: { size: 8gb } }
deliver: [{ store: {} }]
archive: false
metrics: false
`,
)

/** Resolves when it answers. */
async function start() {
  const child = spawn(SLUICE, ['run', '-c', join(dir, 'sluice.yaml'), '--log', 'json'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr.on('data', (text) => (said += text))
  await until('sluice answers', () => status().catch((): false => false)).catch((error) => {
    throw new Error(`${error}\n${said}`)
  })
  return child
}

async function stop(child: Awaited<ReturnType<typeof start>>): Promise<void> {
  child.kill('SIGTERM')
  await once(child, 'exit')
}

async function status() {
  for await (const report of callControl(data, 'status', {})) return ledgerReport.parse(report)
  throw new Error('no status')
}

/** MB: all of it, and what is not a file's pages. */
function memory(): { rss: number; own: number } {
  const text = readFileSync(`/proc/${receiver.pid}/status`, 'utf8')
  const field = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(text)?.[1]) / 1000
  return { rss: field('VmRSS'), own: field('RssAnon') }
}

let highest = 0
function look(when: string): void {
  const { rss, own } = memory()
  highest = Math.max(highest, rss)
  console.log(
    `${when.padStart(6)}  RSS ${rss.toFixed(0).padStart(4)} MB, not of files ${own.toFixed(0).padStart(4)} MB`,
  )
}

async function watch(name: string, seconds: number): Promise<void> {
  for (let second = 1; second <= seconds; second++) {
    await delay(1000)
    look(`${name} ${second}`)
  }
}

// The very first start compiles all files, which takes memory of its own.
await stop(await start())
const receiver = await start()
try {
  await delay(2000)
  look('idle')
  const to = ['replay', ...files, '--to', `udp://127.0.0.1:${port}`, '--rate', `${RATE}/s`, '--loop', 'forever']
  const sender = spawn(SLUICE, to, { stdio: ['ignore', 'ignore', 'inherit'] })
  await watch('with', 5)
  await Promise.all([a.kill(), b.kill()])
  await watch('away', AWAY)
  sender.kill('SIGINT')
  await once(sender, 'exit')
  await Promise.all([a.start(), b.start()])
  await watch('back', 10)
  const report = await until(
    'nothing is in hand',
    async () => {
      const now = await status()
      return now.outputs[0]?.inHand === 0 && now.outputs[0].buffered === 0 ? now : false
    },
    120_000,
  )
  const { received = 0, joined = 0, handedOn = 0, lost = {} } = report.outputs[0] ?? {}
  const drops = Object.values(report.inputs).reduce((sum, { kernel_drops = 0 }) => sum + kernel_drops, 0)
  console.log(
    `received ${received}, joined ${joined}, handed on ${handedOn}, lost ${JSON.stringify(lost)}, ` +
      `dropped by the kernel ${drops}`,
  )
  console.log(`highest RSS ${highest.toFixed(0)} MB, ${highest < BOUND ? 'below' : 'ABOVE'} the bound of ${BOUND} MB`)
  if (highest >= BOUND || !report.closes || joined + handedOn !== received) process.exitCode = 1
} finally {
  await stop(receiver)
  rmSync(dir, { recursive: true, force: true })
}
