import { Command, CommanderError } from 'commander'
import manifest from '../package.json' with { type: 'json' }
import { UserError } from './errors.ts'

/** Commands declare themselves; only the module of the chosen one is imported (start-up time, memory). */
export interface CommandModule {
  /** Adds description, arguments, options, an example and the action. */
  define(command: Command): void
}

/** The command line, one line a command: name, what it does, its module. */
export const commands: [name: string, summary: string, load: () => Promise<CommandModule>][] = [
  ['run', 'receive, parse, archive, buffer and deliver, until told to stop', () => import('./commands/run.ts')],
  ['check', 'validate a config and tell what it would run; touches nothing', () => import('./commands/check.ts')],
  ['parse', 'read lines from stdin, print the events they make', () => import('./commands/parse.ts')],
  ['test', 'run the samples of datasets and the tests of a config', () => import('./commands/test.ts')],
  ['grok', 'try patterns, and find out why they do not match', () => import('./commands/grok.ts')],
  [
    'coverage',
    'tell which lines get a dataset, and which patterns to write next',
    () => import('./commands/coverage.ts'),
  ],
  ['query', 'search the local store', () => import('./commands/query.ts')],
  ['replay', 'send logs and captures to a syslog receiver', () => import('./commands/replay.ts')],
  ['status', 'show the ledger of a running sluice, and whether it closes', () => import('./commands/status.ts')],
  ['buffer', 'look into buffers, check them, empty them', () => import('./commands/buffer.ts')],
  ['dead', 'list, show, replay and export what outputs refused', () => import('./commands/dead.ts')],
  ['setup', 'install the index templates in Elasticsearch', () => import('./commands/setup.ts')],
  ['cluster', 'show the Elasticsearch cluster, and what it would survive', () => import('./commands/cluster.ts')],
  ['completion', 'print the completion script for a shell', () => import('./commands/completion.ts')],
]

/** The program with every command named and the modules in `wanted` (default: all) imported. */
export async function program(wanted?: readonly string[]): Promise<Command> {
  const sluice = new Command('sluice')
    .description(manifest.description)
    .version(manifest.version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [command]', 'show help of a command')
    .showHelpAfterError('(see: sluice --help)')
    .addHelpText('after', '\nExample:\n  $ sluice run -c sluice.yaml')
    .exitOverride()
  for (const [name, summary, load] of commands) {
    const command = sluice.command(name).summary(summary).showHelpAfterError(`(see: sluice ${name} --help)`)
    if (wanted === undefined || wanted.includes(name)) (await load()).define(command)
  }
  return sluice
}

async function main(args: string[]): Promise<void> {
  const first = args.find((arg) => !arg.startsWith('-') && arg !== 'help')
  surviveClosedPipe(first === 'run')
  process.on('uncaughtException', fail)
  try {
    await (await program(first === undefined ? [] : [first])).parseAsync(args, { from: 'user' })
  } catch (error) {
    fail(error)
  }
}

/** `sluice query … | head`: whoever read our output has had enough. A running service goes on without its reader. */
function surviveClosedPipe(service: boolean): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error
      if (!service) process.exit()
    })
  }
}

function fail(error: unknown): void {
  if (error instanceof CommanderError) {
    // Commander has printed its message; everything it refuses is a question of usage.
    process.exitCode = error.exitCode === 0 ? 0 : 2
    return
  }
  if (error instanceof UserError) {
    console.error(error.message)
    process.exit(error.exitCode)
  }
  const summary = (error instanceof Error ? error.message : String(error)).split('\n')[0]
  if (process.env.SLUICE_DEBUG) console.error(error)
  // What the system refused (EACCES, ENOSPC, EADDRINUSE, …) says itself what is wrong.
  else if (error instanceof Error && 'syscall' in error) console.error(`sluice: ${summary}`)
  else {
    console.error(`sluice: unexpected error: ${summary}`)
    console.error('This is a defect of sluice. Run it again with SLUICE_DEBUG=1 and report what it prints.')
  }
  process.exit(1)
}

// Not awaited: the commands' modules may import this one, which has to be evaluated by then.
if (import.meta.main) main(process.argv.slice(2)).catch(fail)
