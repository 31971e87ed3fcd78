import { setImmediate as turn } from 'node:timers/promises'
import { type Command, InvalidArgumentError } from 'commander'
import type { Batch } from '../buffer/buffer.ts'
import { inspect, putAside, shippersOf, takeOut } from '../buffer/redis/inspect.ts'
import { keysOf } from '../buffer/redis/keys.ts'
import { RedisBuffer } from '../buffer/redis/redis.ts'
import { eventsOf } from '../deliver/bulk-lines.ts'
import { UserError } from '../errors.ts'

export function define(command: Command): void {
  command.description('Look into the buffers in Redis: what waits there, is it whole, where shall it go.').addHelpText(
    'after',
    `
A buffer is an address as in the config, redis://host:6379. Quote addresses with a password, or better, name a file:
redis://shipper@host?password_file=/etc/sluice/redis.password

Examples:
  $ sluice buffer ls redis://buffer1 redis://buffer2
  $ sluice buffer move redis://buffer1 redis://buffer2     # before maintenance of buffer1
  $ sluice buffer drain redis://buffer1 elasticsearch | curl -H 'content-type: application/x-ndjson' \\
      --data-binary @- http://data1:9200/_bulk`,
  )
  command
    .command('ls')
    .description('Outputs, what waits for each, since when, and who takes it.')
    .argument('<buffer...>', 'address of a Redis')
    .action(ls)
  command
    .command('peek')
    .description('Show the oldest batches of an output.')
    .argument('<buffer>', 'address of a Redis')
    .argument('<output>', 'as `ls` names it')
    .option('-n, --batches <n>', 'so many batches', positive, 1)
    .option('-e, --events <n>', 'so many events of each', positive, 3)
    .action(peek)
  command
    .command('verify')
    .description('Read every batch; what is damaged is set aside. Exit code 1 when something was found.')
    .argument('<buffer...>', 'address of a Redis')
    .action(verify)
  command
    .command('drain')
    .description('Write the events of an output to stdout, in the form of `_bulk`, and remove them.')
    .argument('<buffer>', 'address of a Redis')
    .argument('<output>', 'as `ls` names it')
    .action(drain)
  command
    .command('move')
    .description('Move all that waits in one buffer to another.')
    .argument('<from>', 'address of a Redis')
    .argument('<to>', 'address of another')
    .option('--output <name>', 'only what waits for this output')
    .action(move)
}

async function ls(urls: string[]): Promise<void> {
  for (const url of urls) {
    await withRedis(url, async (buffer) => {
      const { name } = buffer.link
      const outputs = (await buffer.outputs()).sort()
      if (outputs.length === 0) console.log(`${name}: no batch was ever here`)
      for (const output of outputs) {
        const { batches, events, bytes, oldest } = await buffer.depth(output)
        const since = oldest === undefined ? '' : `, the oldest for ${seconds(Date.now() - oldest)}`
        console.log(`${name}  ${printable(output)}: ${batches} batches, ${events} events, ${bytes} bytes${since}`)
        const { copiesDue, damaged } = keysOf(output)
        const copies = await buffer.link.run((client) => client.zcard(copiesDue))
        if (copies > 0) console.log(`  copies of what waits elsewhere: ${copies} batches`)
        const aside = await buffer.link.run((client) => client.xlen(damaged))
        if (aside > 0) console.log(`  damaged, set aside: ${aside}`)
        for (const { name: shipper, leased, idle } of await shippersOf(buffer.link, output)) {
          console.log(`  shipper ${printable(shipper)}: ${leased} batches in hand, last seen ${seconds(idle)} ago`)
        }
      }
    })
  }
}

async function peek(url: string, output: string, options: { batches: number; events: number }): Promise<void> {
  await withRedis(url, async (buffer) => {
    let left = options.batches
    for await (const { id, key, batch } of inspect(buffer.link, output)) {
      if (left-- === 0) return
      if (!batch) {
        console.log(`entry ${id} can't be read${key ? ` (batch ${key.stream}-${key.number})` : ''}`)
        continue
      }
      const { stream, number, part, count, received, tally, body } = batch
      const from = new Date(received.from).toISOString()
      console.log(
        `batch ${stream}-${number}.${part}: ${count} events, ${body.byteLength} bytes, received from ${from} on`,
      )
      for (const [route, host, events] of tally) console.log(`  ${events} of ${printable(host)} (${printable(route)})`)
      let shown = 0
      for (const { documentStart, documentEnd } of eventsOf(body)) {
        if (shown++ === options.events) break
        console.log(`  ${printable(Buffer.from(body).toString('utf8', documentStart, documentEnd))}`)
      }
    }
    if (left === options.batches) console.log(`nothing waits for '${printable(output)}'`)
  })
}

async function verify(urls: string[]): Promise<void> {
  for (const url of urls) {
    await withRedis(url, async (buffer) => {
      const { link } = buffer
      for (const output of await buffer.outputs()) {
        const found = { batches: 0, events: 0, bytes: 0 }
        let damaged = 0
        for await (const entry of inspect(link, output)) {
          if (entry.batch) {
            found.batches++
            found.events += entry.batch.count
            found.bytes += entry.batch.body.byteLength
            continue
          }
          damaged++
          await putAside(link, output, entry)
          const what = entry.key
            ? `batch ${entry.key.stream}-${entry.key.number} of ${entry.key.count} events`
            : entry.id
          console.log(`${link.name}  ${printable(output)}: ${what} can't be read, now in ${keysOf(output).damaged}`)
        }
        const { oldest: _, ...counted } = await buffer.depth(output)
        const agrees = JSON.stringify(counted) === JSON.stringify(found)
        const told = agrees ? 'as counted' : `but ${counted.batches} batches of ${counted.events} events are counted`
        console.log(
          `${link.name}  ${printable(output)}: ${found.batches} batches of ${found.events} events are whole, ${told}`,
        )
        // While others write and settle, counts and entries are those of different moments.
        if (damaged > 0 || !agrees) process.exitCode = 1
      }
    })
  }
}

async function drain(url: string, output: string): Promise<void> {
  await withRedis(url, async (buffer) => {
    for await (const entry of inspect(buffer.link, output)) {
      if (!entry.batch) continue
      await written(entry.batch)
      await takeOut(buffer.link, output, entry)
    }
  })
}

async function move(fromUrl: string, toUrl: string, options: { output?: string }): Promise<void> {
  if (fromUrl === toUrl) throw new UserError('The two buffers are one and the same.', 2)
  await withRedis(fromUrl, (from) =>
    withRedis(toUrl, async (to) => {
      const outputs = options.output === undefined ? await from.outputs() : [options.output]
      for (const output of outputs) {
        let [moved, left] = [0, 0]
        for await (const entry of inspect(from.link, output)) {
          if (!entry.batch) {
            left++
            continue
          }
          await to.put(entry.batch)
          await takeOut(from.link, output, entry)
          moved++
        }
        const rest = left === 0 ? '' : `; ${left} can't be read (sluice buffer verify ${from.link.name})`
        console.log(`${printable(output)}: ${moved} batches moved to ${to.link.name}${rest}`)
      }
    }),
  )
}

/** Resolves when stdout has taken it: what is removed after this is in somebody's hands. */
function written({ body }: Batch): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(body, (error) => (error ? reject(error) : resolve()))
  })
}

async function withRedis(url: string, work: (buffer: RedisBuffer) => Promise<void>): Promise<void> {
  // Nothing is leased or settled here.
  const marks = { has: () => false, record: async () => 'first' as const, sync: async () => {} }
  const buffer = new RedisBuffer({ url, size: 1e12, age: Infinity, consumer: 'command', marks })
  try {
    if (!(await buffer.link.settled(3000))) throw new UserError(`${buffer.link.trouble}`)
    await work(buffer)
  } finally {
    await buffer.close()
    await turn()
  }
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}

/** Texts come from strangers: nothing in them may steer the terminal. */
function printable(text: string): string {
  return text.replaceAll(/[^\p{L}\p{N}\p{P}\p{S} ]/gu, '\ufffd')
}

function positive(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new InvalidArgumentError('wanted a number from 1')
  return Number(text)
}
