import { isIP } from 'node:net'
import type { Command } from 'commander'
import { Option } from 'commander'
import { loadConfig } from '../config/load.ts'
import { datasetsOf } from '../dataset/of-config.ts'
import { eventsOf } from '../deliver/bulk-lines.ts'
import { UserError } from '../errors.ts'
import { newStream } from '../event/ids.ts'
import { laneOptions } from '../lane/from-config.ts'
import { Lane } from '../lane/lane.ts'
import { Sender } from '../receive/sender.ts'

interface Options {
  config?: string
  shape?: string
  hex?: boolean
  received?: string
  from: string
}

export function define(command: Command): void {
  command
    .description(
      'Read datagrams from stdin, one a line, and print the events that they make, one JSON document a line.',
    )
    .option('-c, --config <file>', 'take routes, archive, zones and shape from this config')
    .addOption(new Option('--shape <shape>', 'form of the events (default: the config’s)').choices(['ecs', 'logstash']))
    .option('--hex', 'each line is one datagram in hexadecimal, so that it may hold any byte')
    .option(
      '--received <time>',
      'ISO 8601 time of reception, which tells the year of stamps without one (default: now)',
    )
    .option('--from <address>', 'IP address of the sender', '127.0.0.1')
    .addHelpText(
      'after',
      `
Nothing is sent, archived or kept. An event is printed for every line, whatever it holds; sluice.flags says what was
missing or doubtful.

Examples:
  $ echo '<134>Dec  3 00:24:38 web1 haproxy[1474]: hello' | sluice parse
  $ sluice parse -c sluice.yaml --shape logstash --received 2013-12-03T00:24:39Z < lines.log`,
    )
    .action(run)
}

const LINE_FEED = 0x0a

async function run(options: Options): Promise<void> {
  const { from, hex = false } = options
  if (isIP(from) === 0) throw new UserError(`--from wants an IP address, got '${from}'`, 2)
  const received = options.received === undefined ? null : Date.parse(options.received)
  if (Number.isNaN(received)) {
    throw new UserError(`--received wants an ISO 8601 time such as 2013-12-03T00:24:39Z, got '${options.received}'`, 2)
  }
  const config = await loadConfig(options.config, { shape: options.shape })
  // Every event is wanted here, also of routes that keep it from outputs; what a rule drops stays dropped.
  const routes = config.routes.map((route) => ({ ...route, deliver: undefined }))
  const outputs = [{ name: 'stdout', index: '-' }]
  const lane = new Lane(
    {
      ...laneOptions({ config: { ...config, routes }, datasets: datasetsOf(config) }, newStream(), { name: 'stdin' }),
      outputs,
    },
    {
      batch({ body }) {
        for (const { documentStart, documentEnd } of eventsOf(body)) {
          process.stdout.write(body.subarray(documentStart, documentEnd + 1))
        }
        lane.giveBack(null)
      },
      archive() {},
      positions() {},
      seen() {},
      counters() {},
      captureStopped() {},
    },
  )
  const sender = new Sender(from, true)
  const take = (line: Buffer, number: number) => {
    const datagram = hex ? unhex(line, number) : line
    lane.push(datagram, 0, datagram.length, sender, received ?? Date.now())
  }

  let rest: Buffer = Buffer.alloc(0)
  let count = 0
  for await (const chunk of process.stdin) {
    const bytes: Buffer = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    let start = 0
    for (let end = bytes.indexOf(LINE_FEED); end >= 0; end = bytes.indexOf(LINE_FEED, start)) {
      take(bytes.subarray(start, end), ++count)
      start = end + 1
    }
    rest = bytes.subarray(start)
    lane.flush()
  }
  if (rest.length > 0) take(rest, ++count)
  lane.flush()
}

function unhex(line: Buffer, number: number): Buffer {
  const text = line.toString('latin1').trim()
  if (text.length % 2 !== 0 || !/^[0-9a-f]*$/i.test(text)) {
    throw new UserError(
      `line ${number}: wanted a datagram in hexadecimal, such as 3c31333e6869, got '${text.slice(0, 40)}'`,
      2,
    )
  }
  return Buffer.from(text, 'hex')
}
