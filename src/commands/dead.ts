import { join, resolve } from 'node:path'
import { type Command, InvalidArgumentError } from 'commander'
import { z } from 'zod'
import { loadConfig } from '../config/load.ts'
import type { DeadLetter } from '../deliver/dead/letter.ts'
import { letterDetails, letterRows, oneLine } from '../deliver/dead/present.ts'
import { readLetters } from '../deliver/dead/read.ts'
import type { Selection } from '../deliver/dead/selection.ts'
import { parseWhen } from '../deliver/store/when.ts'
import { callControl, NotRunning } from '../engine/control.ts'
import { type DeadRequest, deadOffline } from '../engine/dead.ts'
import { makeLog } from '../engine/log.ts'
import { UserError } from '../errors.ts'

interface Options {
  data?: string
  config?: string
  output?: string
  reason?: string
  since?: number
  limit?: number
  json?: boolean
  bulk?: boolean
  all?: boolean
}

/** So many rows fit a screen; what is left is told. */
const ROWS = 50
const DATA = './data'

export function define(command: Command): void {
  command.description('Dead letters: events that an output refused for good, with the reason.').addHelpText(
    'after',
    `
They are kept in DATA/dead until they are replayed or discarded. A replay gives events back to the buffer of their
output, with their own ids; one that is refused again is a dead letter again.

Examples:
  $ sluice dead ls --since '1h ago'
  $ sluice dead show 91f07ad7d0d3e6b2-000000000000042
  $ sluice dead replay --output elasticsearch --reason mapper_parsing
  $ sluice dead export --bulk --reason 'too large' > events.ndjson`,
  )
  selecting(command.command('ls'))
    .description('List them, the oldest first.')
    .option('--json', 'one JSON document a letter')
    .action(ls)
  command
    .command('show')
    .description('Show one, its event included.')
    .argument('<id>', 'the id of its event, as `ls` prints it')
    .option('--data <dir>', 'data directory (default: "./data")')
    .option('--json', 'as JSON')
    .action(show)
  replaying(command.command('replay'))
    .description('Give the events back to the buffer of their output, and remove the letters.')
    .option('--all', 'all of them: without it say which')
    .action((options: Options) => take('replay', options))
  replaying(command.command('discard'))
    .description('Remove them for good. The ledger counts their events as lost (discarded).')
    .option('--all', 'all of them: without it say which')
    .action((options: Options) => take('discard', options))
  selecting(command.command('export'))
    .description('Write them to stdout, one JSON document a letter. They stay where they are.')
    .option('--bulk', 'only the events, in the form that `_bulk` takes')
    .action(exportAll)
}

function selecting(command: Command): Command {
  return command
    .option('--data <dir>', 'data directory (default: "./data")')
    .option('--output <name>', 'only those of this output')
    .option('--reason <text>', 'only those whose reason contains this text')
    .option('--since <time>', "only those refused since then: '1h ago', today, 2026-11-23T14:30Z", when)
    .option('--limit <n>', 'at most so many', positive)
}

function replaying(command: Command): Command {
  return selecting(command)
    .option('-c, --config <file>', 'config, for when no sluice runs with that data directory')
    .option('--json', 'one JSON document an output: how many')
}

async function ls(options: Options): Promise<void> {
  const letters: DeadLetter[] = []
  const counts = new Map<string, number>()
  for await (const letter of readLetters(directoryOf(options), selectionOf(options))) {
    if (options.json) console.log(oneLine(letter))
    else if (letters.length < (options.limit ?? ROWS)) letters.push(letter)
    counts.set(letter.output, (counts.get(letter.output) ?? 0) + 1)
  }
  if (options.json) return
  console.log(letterRows(letters, counts).join('\n'))
}

async function show(id: string, options: Options): Promise<void> {
  let found = 0
  for await (const letter of readLetters(directoryOf(options), { id })) {
    found++
    console.log(options.json ? oneLine(letter) : letterDetails(letter).join('\n'))
  }
  if (found === 0) throw new UserError(`There is no dead letter with the id '${id}' in ${directoryOf(options)}.`)
}

async function exportAll(options: Options): Promise<void> {
  for await (const letter of readLetters(directoryOf(options), selectionOf(options))) {
    const text = options.bulk ? `${letter.action}\n${letter.event}\n` : `${oneLine(letter)}\n`
    if (!process.stdout.write(text)) await new Promise((resolve) => process.stdout.once('drain', resolve))
  }
}

async function take(how: DeadRequest['how'], options: Options): Promise<void> {
  const wanted = selectionOf(options)
  if (Object.keys(wanted).length === 0 && !options.all) {
    throw new UserError(`Say which letters (--output, --reason, --since, --limit), or --all to ${how} all of them.`, 2)
  }
  let letters = 0
  for await (const value of answers({ how, wanted }, options)) {
    const taken = z.object({ output: z.string(), letters: z.number() }).parse(value)
    letters += taken.letters
    if (options.json) console.log(JSON.stringify(taken))
    else console.log(`${taken.output}: ${taken.letters} ${how === 'replay' ? 'back in the buffer' : 'discarded'}`)
  }
  if (letters === 0 && !options.json) console.log('no such dead letters of an output in the config')
}

/** The running process does it; without one, this process owns the directory meanwhile. */
async function* answers(request: DeadRequest, options: Options): AsyncGenerator<unknown> {
  const config = options.config === undefined ? undefined : await loadConfig(options.config, { data: options.data })
  const data = config?.data ?? resolve(options.data ?? DATA)
  try {
    yield* callControl(data, 'dead', request)
  } catch (error) {
    if (!(error instanceof NotRunning)) throw error
    if (config === undefined) {
      throw new UserError(`No sluice runs with the data directory ${data}. Start it, or name its config with -c.`)
    }
    yield* deadOffline(config, makeLog('text'), request)
  }
}

function directoryOf({ data = DATA }: Options): string {
  return join(resolve(data), 'dead')
}

function selectionOf({ output, reason, since, limit }: Options): Selection {
  return Object.fromEntries(Object.entries({ output, reason, since, limit }).filter(([, value]) => value !== undefined))
}

function when(text: string): number {
  return parseWhen(text, Date.now())
}

function positive(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('wanted a number from 1')
  return Number(text)
}
