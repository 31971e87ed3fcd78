import { once } from 'node:events'
import { join, resolve } from 'node:path'
import { type Command, InvalidArgumentError } from 'commander'
import { severitiesOf } from '../deliver/store/levels.ts'
import { bar, harmless, hitLine, localTime } from '../deliver/store/print.ts'
import { type Count, count, hit, MAX_BUCKETS, type Question, TOP_FIELDS } from '../deliver/store/question.ts'
import { durationOf, parseWhen } from '../deliver/store/when.ts'
import { callControl, NotRunning } from '../engine/control.ts'
import { UserError } from '../errors.ts'

interface Options {
  data: string
  from?: string
  to?: string
  host?: string[]
  program?: string[]
  level?: string
  dataset?: string[]
  route?: string[]
  limit: number
  oldest?: boolean
  histogram?: number
  top?: string
  json?: boolean
}

const HELP = `
Text: all words must occur in the message, in any order, upper and lower case the same. "two words" is a phrase,
-word must not occur. Nothing else has a meaning: no wildcards, no regular expressions.
Times: 15m ago, -1h, 14:30, today, yesterday, 2026-11-23, 2026-11-23T14:30:00Z; local unless they state a zone.
Levels: warning means warning and worse, =info that level alone; lists as in err,=debug.
Events come in order of time, the newest --limit of them.
Exit code 0: something was found; 1: nothing was, or it failed and said so; 2: wrong usage.

Examples:
  $ sluice query 'connection refused' --from '15m ago'
  $ sluice query '"failed password" -root' --program sshd --from yesterday --to today
  $ sluice query --level warning --host controller1 --histogram 1m --from -2h
  $ sluice query --level err --top program
  $ sluice query timeout --limit 10000 --json | jq .message`

export function define(command: Command): void {
  const list = (value: string, before: string[] = []) => [...before, ...value.split(',').filter(Boolean)]
  command
    .description('Search the local store, of a running sluice or a stopped one.')
    .argument('[text...]', 'what the message must contain')
    .option('--data <dir>', 'data directory', './data')
    .option('--from <time>', 'events of this time and later')
    .option('--to <time>', 'events before this time')
    .option('--host <names>', 'of these hosts (comma, or the option again)', list)
    .option('--program <names>', 'of these programs', list)
    .option('--level <level>', 'of this level and worse')
    .option('--dataset <names>', 'of these datasets', list)
    .option('--route <names>', 'of these routes', list)
    .option('--limit <n>', 'at most so many events, or rows of --top', atLeastOne, 100)
    .option('--oldest', 'the oldest --limit events instead of the newest')
    .option('--histogram <interval>', 'count per interval: 10s, 1m, 1h, 1d', interval)
    .option('--top <field>', `count per ${TOP_FIELDS.join(', ')}`)
    .option('--json', 'one JSON document a line: each event exactly as it was delivered')
    .addHelpText('after', HELP)
    .action(run)
}

async function run(text: string[], options: Options): Promise<void> {
  const params = paramsOf(text.join(' '), options, Date.now())
  const rows = ask(resolve(options.data), params)
  let found = 0
  for await (const line of params.kind === 'events' ? eventLines(rows, options) : countLines(rows, params, options)) {
    found++
    if (!process.stdout.write(`${line}\n`)) await once(process.stdout, 'drain')
  }
  if (found === 0) process.exitCode = 1
}

function paramsOf(text: string, options: Options, now: number): Question {
  const { host, program, dataset, route, level, limit, histogram, top } = options
  if (level !== undefined) severitiesOf(level)
  if (histogram !== undefined && top !== undefined) throw new UserError('--histogram or --top, not both', 2)
  const filter = {
    ...(text === '' ? {} : { text }),
    ...(options.from === undefined ? {} : { from: parseWhen(options.from, now) }),
    ...(options.to === undefined ? {} : { to: parseWhen(options.to, now) }),
    ...(level === undefined ? {} : { level }),
    host,
    program,
    dataset,
    route,
  }
  if (histogram !== undefined) return { kind: 'histogram', ...filter, interval: histogram }
  if (top === undefined) {
    return { kind: 'events', ...filter, limit, order: options.oldest ? 'oldest' : 'newest', doc: options.json === true }
  }
  const field = TOP_FIELDS.find((one) => one === top)
  if (field === undefined) throw new UserError(`--top: "${top}" is none of ${TOP_FIELDS.join(', ')}`, 2)
  return { kind: 'top', ...filter, field, n: limit }
}

/** The process that owns the data directory answers; when none runs, the store's files are opened for reading. */
async function* ask(data: string, params: Question): AsyncGenerator<unknown> {
  try {
    yield* callControl(data, 'query', params)
    return
  } catch (error) {
    if (!(error instanceof NotRunning)) throw error
  }
  const [{ Store }, { answerQuery }] = await Promise.all([
    import('../deliver/store/store.ts'),
    import('../deliver/store/answer.ts'),
  ])
  const store = await Store.open({ path: join(data, 'store'), readOnly: true })
  try {
    yield* answerQuery(store, params)
  } finally {
    await store.close()
  }
}

async function* eventLines(rows: AsyncIterable<unknown>, { json, oldest }: Options): AsyncGenerator<string> {
  const colours = process.stdout.isTTY === true && !process.env.NO_COLOR
  const lines: string[] = []
  for await (const row of rows) {
    const found = hit.parse(row)
    const line = json ? found.doc : hitLine(found, colours)
    // The newest come first, but people read downwards; --limit bounds what is held here.
    if (oldest) yield line
    else lines.push(line)
  }
  yield* lines.reverse()
}

async function* countLines(rows: AsyncIterable<unknown>, params: Question, { json }: Options): AsyncGenerator<string> {
  const counts: Count[] = []
  for await (const row of rows) counts.push(count.parse(row))
  if (json) {
    for (const { time, ...rest } of counts) {
      yield JSON.stringify(time === undefined ? rest : { time: new Date(time).toISOString(), ...rest })
    }
    return
  }
  const shown = params.kind === 'histogram' ? withGaps(counts, params.interval) : counts
  const labels = shown.map(({ time, value }) =>
    time === undefined ? harmless(value ?? '(none)') : localTime(time).slice(0, 19),
  )
  const widest = Math.min(40, Math.max(0, ...labels.map((label) => label.length)))
  const greatest = Math.max(...shown.map(({ events }) => events))
  const width = Math.max(10, (process.stdout.columns ?? 80) - widest - 12)
  for (const [index, { events }] of shown.entries()) {
    yield bar((labels[index] ?? '').padEnd(widest), events, greatest, width)
  }
}

/** Intervals without events are rows too, unless there would be far too many. */
function withGaps(counts: Count[], interval: number): Count[] {
  const first = counts[0]?.time ?? 0
  const last = counts.at(-1)?.time ?? 0
  if ((last - first) / interval > MAX_BUCKETS) return counts
  const by = new Map(counts.map(({ time, events }) => [time, events]))
  const all: Count[] = []
  for (let time = first; time <= last && counts.length > 0; time += interval)
    all.push({ time, events: by.get(time) ?? 0 })
  return all
}

function atLeastOne(value: string): number {
  const n = Number(value)
  if (!Number.isInteger(n) || n < 1 || n > 1_000_000) throw new InvalidArgumentError('wanted: a number, 1 to 1000000')
  return n
}

function interval(value: string): number {
  const ms = durationOf(value)
  if (ms === undefined || ms < 1) throw new InvalidArgumentError('wanted: a time such as 10s, 1m, 1h, 1d')
  return Math.round(ms)
}
