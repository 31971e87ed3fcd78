/**
 * The receive loop alone, native lanes against node:dgram in the same run: CPU of the receiving thread per million
 * datagrams, the highest rate without loss, and the receiver's memory.
 *
 *   node bench/micro-receive.ts [--seconds 2]
 *
 * The sender is a process of its own. Both sides share the machine: what is lost depends on its cores, too.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { Datagrams } from '../src/replay/datagrams.ts'
import { openSender } from '../src/replay/sender.ts'
import { openCountingReceiver } from './support/counting-receiver.ts'

const LINE = '<134>Nov 23 03:14:21 web1 haproxy[1474]: 10.2.4.107:39510 [03/Dec/2013:00:24:38.457] nova-api x/y 0'
const RATES = [100, 150, 200, 250, 300, 400, 500, 600]

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seconds: { type: 'string', default: '2' } },
})
if (positionals[0] === 'send') await sendAt(Number(positionals[1]), Number(positionals[2]), Number(values.seconds))
else for (const native of [true, false]) await measure(native)

/** `rate` datagrams a millisecond. */
async function sendAt(port: number, rate: number, seconds: number): Promise<void> {
  const sender = await openSender(`udp://127.0.0.1:${port}`)
  const datagrams = Datagrams.of(Array<string>(rate * 5).fill(LINE))
  const start = performance.now()
  for (let sent = 0; sent < rate * seconds * 1000; sent += datagrams.count) {
    const early = sent / rate - (performance.now() - start)
    if (early >= 1) await delay(early)
    await sender.send(datagrams)
  }
  const took = performance.now() - start
  await sender.close()
  process.send?.((rate * seconds * 1e6) / took)
}

async function measure(native: boolean): Promise<void> {
  await using receiver = await openCountingReceiver(native)
  const name = native ? 'native' : 'node:dgram'
  await run(receiver.port, 50)
  let best = Number.POSITIVE_INFINITY
  let lossless = 0
  for (const rate of RATES) {
    // The drop counter is read once a second.
    await delay(1100)
    const before = await receiver.counts()
    const sent = await run(receiver.port, rate)
    await delay(1100)
    const after = await receiver.counts()
    const datagrams = after.datagrams - before.datagrams
    const drops = after.drops - before.drops
    const cpu = ((after.cpu - before.cpu) / datagrams) * 1e6
    console.log(`${name}: ${Math.round(sent / 1000)}k/s, ${cpu.toFixed(2)} s of CPU per million, ${drops} lost`)
    best = Math.min(best, cpu)
    if (drops > 0) break
    lossless = sent
  }
  const rss = Math.round(process.memoryUsage.rss() / 2 ** 20)
  console.log(
    `${name}: best ${best.toFixed(2)} s per million, lossless up to ${Math.round(lossless / 1000)}k/s, ${rss} MiB`,
  )
}

/** Returns the rate reached, in datagrams a second. */
async function run(port: number, rate: number): Promise<number> {
  const child = fork(import.meta.filename, ['send', String(port), String(rate), '--seconds', values.seconds])
  const [reached] = await once(child, 'message')
  await once(child, 'exit')
  return Number(reached)
}
