import type { Command } from 'commander'
import { InvalidArgumentError, Option } from 'commander'
import { loadApart } from '../config/load-apart.ts'
import { parseSize } from '../config/units.ts'
import { banner } from '../engine/banner.ts'
import { Engine } from '../engine/engine.ts'
import { makeLog } from '../engine/log.ts'
import { UserError } from '../errors.ts'
import { ledgerLines } from '../ledger/present.ts'

interface Options {
  config?: string
  data?: string
  capture?: string
  captureMax: number
  log: 'text' | 'json'
}

export function define(command: Command): void {
  command
    .description('Receive, parse, archive, buffer and deliver, until SIGTERM or Ctrl-C.')
    .option('-c, --config <file>', 'config (default: UDP and TCP on 5514, local store, archive tree, all under ./data)')
    .option('--data <dir>', 'data directory, instead of the config’s')
    .option('--capture <file>', 'record what arrives (bytes, sender, time) for sluice replay; .zst is compressed')
    .option('--capture-max <size>', 'stop recording before the file would be larger', captureSize, 1 << 30)
    .addOption(
      new Option('--log <format>', 'form of sluice’s own log on stderr').choices(['text', 'json']).default('text'),
    )
    .addHelpText(
      'after',
      `
SIGTERM or Ctrl-C: takes what the sockets still hold, delivers for up to 5 s, keeps the rest, prints the closing ledger;
a second Ctrl-C ends at once. SIGHUP: files of the archive and of outputs are opened anew (logrotate).

Examples:
  $ sluice run
  $ sluice run -c /etc/sluice/sluice.yaml --log json
  $ sluice run --data /tmp/try --capture today.capture.zst --capture-max 200mb`,
    )
    .action(run)
}

async function run(options: Options): Promise<void> {
  const started = performance.now()
  const { config, datasets } = await loadApart(options.config, { data: options.data })
  const log = makeLog(options.log)
  const capture = options.capture === undefined ? undefined : { path: options.capture, maxBytes: options.captureMax }
  const stop = Promise.withResolvers<Error | null>()
  process.on('SIGTERM', () => stop.resolve(null))
  stopOnInterrupt(() => stop.resolve(null))
  const engine = await Engine.start({ config, datasets, log, capture, onFailure: (error) => stop.resolve(error) })
  process.on('SIGHUP', () => void engine.reopen())
  // For people, and so out of the way of an output.
  const say = config.deliver.some(({ kind }) => kind === 'stdout') ? console.error : console.log
  if (options.log === 'text') say(banner(config, engine.inputs, performance.now() - started))

  const failure = await stop.promise
  if (options.log === 'text') say('\nstopping: taking what has arrived, delivering …')
  const report = await engine.stop()
  if (options.log === 'text') say(['', ...ledgerLines(report, 0)].join('\n'))
  else log.info({ outputs: report.outputs, closes: report.closes }, 'stopped')
  if (failure !== null) throw new UserError(`stopped, since an input failed: ${failure.message}`)
}

/** npm passes on the Ctrl-C that the terminal has sent as well, so only one that comes later is a second one. */
function stopOnInterrupt(stop: () => void): void {
  let first = 0
  process.on('SIGINT', () => {
    if (first === 0) {
      first = Date.now()
      stop()
    } else if (Date.now() - first > 1000) process.exit(130)
  })
}

function captureSize(text: string): number {
  const bytes = parseSize(text)
  if (bytes === undefined) throw new InvalidArgumentError('wanted a size such as 200mb')
  return bytes
}
