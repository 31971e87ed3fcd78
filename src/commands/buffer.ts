import { type Command, InvalidArgumentError } from 'commander'
import type { Batch } from '../buffer/buffer.ts'
import { openViews } from '../buffer/view/open.ts'
import type { BufferView, Waiting } from '../buffer/view/view.ts'
import { eventsOf } from '../deliver/bulk-lines.ts'
import { UserError } from '../errors.ts'

const BUFFER = 'address of a Redis, data directory, or config file: all of its buffers'

export function define(command: Command): void {
  command
    .description('Look into buffers, on disk and in Redis: what waits there, is it whole, where shall it go.')
    .addHelpText(
      'after',
      `
A buffer is one of:
  redis://host:6379         a Redis, its address as in the config. Quote one with a password, or better, name a file:
                            redis://shipper@host?password_file=/etc/sluice/redis.password
  /var/lib/sluice           a data directory: what waits on its disk. Of a sluice that runs it can only be looked at.
  /etc/sluice/sluice.yaml   a config: all of its Redis, then its disk; what is moved there goes to the first of them

Examples:
  $ sluice buffer ls /etc/sluice/sluice.yaml
  $ sluice buffer verify /var/lib/sluice
  $ sluice buffer move redis://buffer1 redis://buffer2         # before maintenance of buffer1
  $ sluice buffer move /mnt/rescued-disk/sluice redis://buffer1
  $ sluice buffer drain redis://buffer1 elasticsearch | curl -H 'content-type: application/x-ndjson' \\
      --data-binary @- http://data1:9200/_bulk`,
    )
  command
    .command('ls')
    .description('Outputs, what waits for each, since when, and who takes it.')
    .argument('<buffer...>', BUFFER)
    .option('--json', 'one JSON document a line: buffer, output, batches, events, bytes, oldest')
    .addHelpText('after', '\nExample:\n  $ sluice buffer ls redis://buffer1 redis://buffer2')
    .action(ls)
  command
    .command('peek')
    .description('Show the oldest batches of an output.')
    .argument('<buffer>', BUFFER)
    .argument('<output>', 'as `ls` names it')
    .option('-n, --batches <n>', 'so many batches', positive, 1)
    .option('-e, --events <n>', 'so many events of each', positive, 3)
    .addHelpText('after', '\nExample:\n  $ sluice buffer peek /var/lib/sluice store --events 10')
    .action(peek)
  command
    .command('verify')
    .description('Read every batch; what is damaged is set aside. Exit code 1 when something was found.')
    .argument('<buffer...>', BUFFER)
    .addHelpText('after', '\nExample:\n  $ sluice buffer verify /etc/sluice/sluice.yaml')
    .action(verify)
  command
    .command('drain')
    .description('Write the events of an output to stdout, in the form of `_bulk`, and remove them.')
    .argument('<buffer>', BUFFER)
    .argument('<output>', 'as `ls` names it')
    .addHelpText('after', '\nExample:\n  $ sluice buffer drain redis://buffer1 store > events.ndjson')
    .action(drain)
  command
    .command('move')
    .description('Move all that waits in one buffer to another, of the same kind or not.')
    .argument('<from>', BUFFER)
    .argument('<to>', 'as <from>; of a config the first of its buffers that takes batches')
    .option('--output <name>', 'only what waits for this output')
    .addHelpText('after', '\nExample:\n  $ sluice buffer move redis://buffer1 redis://buffer2')
    .action(move)
}

async function ls(names: string[], { json }: { json?: boolean }): Promise<void> {
  await withViews(names, async (view) => {
    const { name } = view
    const outputs = await view.outputs()
    if (json) {
      for (const output of outputs) {
        const { oldest, ...depth } = await view.depth(output)
        const since = oldest === undefined ? null : new Date(oldest).toISOString()
        console.log(JSON.stringify({ buffer: name, output, ...depth, oldest: since }))
      }
      return
    }
    if (outputs.length === 0) console.log(`${name}: no batch was ever here`)
    for (const output of outputs) {
      const { batches, events, bytes, oldest } = await view.depth(output)
      const since = oldest === undefined ? '' : `, the oldest for ${seconds(Date.now() - oldest)}`
      console.log(`${name}  ${printable(output)}: ${batches} batches, ${events} events, ${bytes} bytes${since}`)
      for (const note of await view.notes(output)) console.log(`  ${printable(note)}`)
    }
  })
}

async function peek(name: string, output: string, options: { batches: number; events: number }): Promise<void> {
  let left = options.batches
  await withViews([name], async (view) => {
    if (left === 0) return
    for await (const { what, batch } of view.waiting(output)) {
      if (batch) show(batch, options.events)
      else console.log(`${printable(what)} can't be read`)
      if (--left === 0) return
    }
  })
  if (left === options.batches) console.log(`nothing waits for '${printable(output)}'`)
}

function show({ stream, number, part, count, received, tally, body }: Batch, events: number): void {
  const from = new Date(received.from).toISOString()
  console.log(`batch ${stream}-${number}.${part}: ${count} events, ${body.byteLength} bytes, received from ${from} on`)
  for (const [route, host, n] of tally) console.log(`  ${n} of ${printable(host)} (${printable(route)})`)
  let shown = 0
  for (const { documentStart, documentEnd } of eventsOf(body)) {
    if (shown++ === events) break
    console.log(`  ${printable(Buffer.from(body).toString('utf8', documentStart, documentEnd))}`)
  }
}

async function verify(names: string[]): Promise<void> {
  await withViews(names, async (view) => {
    for (const output of await view.outputs()) {
      const waiting = await check(view, output, view.waiting(output))
      const { oldest: _, ...counted } = await view.depth(output)
      const agrees = counted.batches === waiting.batches && counted.events === waiting.events
      const told = agrees ? 'as counted' : `but ${counted.batches} batches of ${counted.events} events are counted`
      const whole = `${waiting.batches} batches of ${waiting.events} events are whole`
      console.log(`${view.name}  ${printable(output)}: ${whole}, ${told}`)
      // While others write and settle, counts and entries are those of different moments.
      if (!agrees) process.exitCode = 1
      const copies = view.copies && (await check(view, output, view.copies(output)))
      if (copies && copies.batches > 0) {
        const whole = `copies of ${copies.batches} batches of ${copies.events} events are whole`
        console.log(`${view.name}  ${printable(output)}: ${whole}`)
      }
    }
  })
}

/** Reads all of them, sets aside what can't be read. */
async function check(view: BufferView, output: string, all: AsyncIterable<Waiting>) {
  const found = { batches: 0, events: 0 }
  for await (const { what, batch, setAside } of all) {
    if (batch) {
      found.batches++
      found.events += batch.count
      continue
    }
    process.exitCode = 1
    console.log(`${view.name}  ${printable(output)}: ${printable(what)} can't be read, now in ${await setAside()}`)
  }
  return found
}

async function drain(name: string, output: string): Promise<void> {
  await withViews([name], async (view) => {
    mustBeOurs(view)
    for await (const { batch, takeOut } of view.waiting(output)) {
      if (!batch) continue
      await written(batch)
      await takeOut()
    }
  })
}

async function move(fromName: string, toName: string, options: { output?: string }): Promise<void> {
  await using stack = new AsyncDisposableStack()
  const open = async (name: string) => {
    const views = await openViews(name, tell)
    for (const view of views) stack.defer(() => view.close())
    return views
  }
  if (fromName === toName) throw new UserError('The two buffers are one and the same.', 2)
  const sources = await open(fromName)
  const [target] = await open(toName)
  if (!target) throw new UserError(`${toName} has no buffer that takes batches`)
  for (const view of [...sources, target]) mustBeOurs(view)
  for (const from of sources) {
    if (from.name === target.name) throw new UserError('The two buffers are one and the same.', 2)
    for (const output of options.output === undefined ? await from.outputs() : [options.output]) {
      let [moved, left] = [0, 0]
      for await (const { batch, takeOut } of from.waiting(output)) {
        if (batch) {
          await target.put(batch)
          await takeOut()
          moved++
        } else left++
      }
      const rest = left === 0 ? '' : `; ${left} can't be read (sluice buffer verify ${from.name})`
      console.log(`${printable(output)}: ${moved} batches moved from ${from.name} to ${target.name}${rest}`)
      if (left > 0) process.exitCode = 1
    }
  }
}

function mustBeOurs({ remark }: BufferView): void {
  if (remark !== undefined) throw new UserError(`${remark}. Stop that one first, or name a Redis alone.`)
}

/** Resolves when stdout has taken it: what is removed after this is in somebody's hands. */
function written({ body }: Batch): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(body, (error) => (error ? reject(error) : resolve()))
  })
}

async function withViews(names: readonly string[], work: (view: BufferView) => Promise<void>): Promise<void> {
  for (const name of names) {
    await using stack = new AsyncDisposableStack()
    const views = await openViews(name, tell)
    for (const view of views) stack.defer(() => view.close())
    for (const view of views) {
      if (view.remark !== undefined) tell(view.remark)
      await work(view)
    }
  }
}

function tell(text: string): void {
  console.error(printable(text))
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
