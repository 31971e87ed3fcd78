import { type Command, InvalidArgumentError, Option } from 'commander'
import { UserError } from '../errors.ts'
import { parseCount, parsePasses, parsePri, parseRate, parseSpeed } from '../replay/arguments.ts'
import { FORMATS, type Format } from '../replay/format.ts'
import type { Pace } from '../replay/pace.ts'
import { showProgress } from '../replay/progress.ts'
import { type ReplaySummary, replay } from '../replay/replay.ts'
import type { Framing } from '../replay/sender.ts'
import { stampReader } from '../replay/stamp.ts'

/** UDP can't say that it is too fast; every receiver of note takes this much without loss. */
const UDP_RATE = 50_000

interface Options {
  to: string
  framing: Framing
  native: boolean
  format?: Format
  pri?: number
  rate?: number | 'max'
  speed?: number
  loop: number
  count?: number
  json?: boolean
  diff?: string[]
}

export function define(command: Command): void {
  command
    .description('Send log files and captures to a syslog receiver, or compare what two configs make of them.')
    .argument('[files...]', 'files to send, one after another; - for stdin; gzip and zstd are unpacked')
    .option('--to <url>', 'udp://host:port or tcp://host:port', 'udp://127.0.0.1:5514')
    .addOption(
      new Option('--framing <how>', 'TCP: a length before each message, or a line feed after it (inner ones: #012)')
        .choices(['octet', 'newline'])
        .default('octet'),
    )
    .addOption(
      new Option('--format <name>', 'what the files contain (default: seen by their content)').choices(FORMATS),
    )
    .option(
      '--pri <pri>',
      'for lines that have no PRI: a number, or as in local0.info',
      checked(parsePri, 'a number up to 191, or facility.severity such as local0.info'),
    )
    .addOption(
      new Option('--rate <n/unit>', `such as 4500/min, 200/s or max (default: UDP ${UDP_RATE}/s, TCP max)`)
        .argParser(checked(parseRate, 'a rate such as 4500/min, 200/s, 100000/h or max'))
        .conflicts('speed'),
    )
    .option('--speed <factor>', 'by the recorded times, so many times as fast', checked(parseSpeed, 'a number above 0'))
    .option('--loop <n>', 'send everything n times, or forever', checked(parsePasses, 'a number from 1, or forever'), 1)
    .option('--count <n>', 'stop after so many', checked(parseCount, 'a number from 1'))
    .option('--no-native', 'UDP: through node:dgram, not sendmmsg')
    .option('--diff <configs...>', 'send nothing: show where the events of two configs differ (old.yaml new.yaml)')
    .option('--json', 'print the summary as JSON; with --diff every difference, one a line')
    .addHelpText('after', HELP)
    .action(run)
}

const HELP = `
Formats:
  lines    one message a line, with PRI or not (see --pri); sent as they are
  capture  what sluice run --capture has recorded; sent exactly, from this machine's address
  hex      one datagram a line as hex digits; sent exactly
  json     events one after another, in an array, or an Elasticsearch search response of any size: raw_hex,
           event.original or the line itself where an event has it, otherwise a line made from its fields

Without --rate and --speed TCP goes as fast as the target reads, UDP at ${UDP_RATE}/s: a UDP receiver that is too slow
loses datagrams, and nobody tells the sender. Exit code 1: not all was sent, or nothing listened; with --diff: the
configs make different events.

Examples:
  $ sluice replay /var/log/syslog.1 --pri user.info --rate 4500/min
  $ sluice replay monday.capture --speed 10 --to tcp://log1:5514
  $ sluice replay export.json.zst --rate max --to tcp://log1:5514 --json
  $ sluice replay access.log --loop forever --rate 1000/s
  $ sluice replay --diff old.yaml new.yaml monday.capture`

async function run(files: string[], options: Options): Promise<void> {
  if (options.diff !== undefined) return compare(options.diff, files, options)
  if (files.length === 0) throw new UserError('name the files to replay, or - for stdin', 2)
  const stop = new AbortController()
  // Only the first: whoever asks twice wants it at once.
  process.once('SIGINT', () => stop.abort())
  process.once('SIGTERM', () => stop.abort())
  let endProgress = () => {}
  let summary: ReplaySummary
  try {
    summary = await replay({
      files,
      to: options.to,
      framing: options.framing,
      native: options.native,
      format: options.format,
      pri: options.pri ?? null,
      stamp: options.speed === undefined ? undefined : stampReader(Date.now()),
      pace: paceOf(options),
      passes: options.loop,
      limit: options.count ?? Number.POSITIVE_INFINITY,
      signal: stop.signal,
      watch(progress) {
        endProgress = showProgress(progress)
      },
    })
  } finally {
    endProgress()
  }
  report(summary, options)
  if (files.includes('-')) process.stdin.destroy()
  const incomplete = summary.interrupted && options.loop !== Number.POSITIVE_INFINITY
  if (incomplete || summary.refused > 0 || summary.tooLong > 0) process.exitCode = 1
}

/** The option takes all words up to the next option: after the two configs come files. */
async function compare([old, now, ...more]: string[], files: string[], { json, format }: Options): Promise<void> {
  const captures = [...more, ...files]
  if (now === undefined || captures.length === 0) {
    throw new UserError(
      '--diff wants two configs and what to replay: sluice replay --diff old.yaml new.yaml CAPTURE…',
      2,
    )
  }
  const { showDifferences } = await import('../diff/show.ts')
  if (await showDifferences(old, now, { captures, format, json: json === true })) process.exitCode = 1
}

function paceOf({ rate, speed, to }: Options): Pace {
  if (speed !== undefined) return { speed }
  if (rate !== undefined) return rate === 'max' ? 'max' : { rate }
  return to.startsWith('udp:') ? { rate: UDP_RATE } : 'max'
}

function report(summary: ReplaySummary, { to, json }: Options): void {
  const { sent, bytes, seconds, rate, refused, tooLong, skipped, interrupted } = summary
  if (json) {
    const rounded = { seconds: Number(seconds.toFixed(3)), rate: Number(rate.toFixed(1)) }
    console.log(JSON.stringify({ sent, bytes, ...rounded, refused, too_long: tooLong, skipped, interrupted }))
    return
  }
  const megabytes = (bytes / 1e6).toFixed(bytes < 1e6 ? 3 : 1)
  const per = rate < 10 ? rate.toFixed(1) : Math.round(rate)
  console.log(`${interrupted ? 'stopped: ' : ''}sent ${sent}, ${megabytes} MB, in ${seconds.toFixed(1)} s: ${per}/s`)
  if (refused > 0) console.error(`nothing listens at ${to}: at least ${refused} were refused, and are lost`)
  if (tooLong > 0) console.error(`${tooLong} are longer than a UDP datagram can be, and were not sent; try tcp://`)
  for (const [what, count] of Object.entries(skipped)) console.error(`skipped: ${count} ${what}`)
}

function checked<T>(parse: (text: string) => T | undefined, wanted: string): (text: string) => T {
  return (text) => {
    const value = parse(text)
    if (value === undefined) throw new InvalidArgumentError(`Wanted ${wanted}.`)
    return value
  }
}
