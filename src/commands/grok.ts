import { createInterface } from 'node:readline'
import { type Command, Option } from 'commander'
import { loadConfig } from '../config/load.ts'
import { didYouMean } from '../config/suggest.ts'
import type { DatasetDefinition } from '../dataset/format.ts'
import { harmless } from '../deliver/store/print.ts'
import { UserError } from '../errors.ts'
import { compileGrok } from '../grok/compile.ts'
import { GrokError } from '../grok/error.ts'
import { expandGrok } from '../grok/expand.ts'
import { type Explanation, explain } from '../grok/explain.ts'
import { PatternLibrary } from '../grok/library.ts'
import { GrokMatcher } from '../grok/matcher.ts'
import { type ReferenceTree, referenceTree } from '../grok/tree.ts'
import { MATCHED_LENGTH } from '../route/matcher.ts'

interface LibraryOptions {
  config?: string
  ecs?: boolean
  legacy?: boolean
  patterns: string[]
}
interface Options extends LibraryOptions {
  dataset?: string
  json?: boolean
  anywhere?: boolean
  all?: boolean
}

interface NamedPattern {
  name: string
  match: string
  library: PatternLibrary
}

export function define(command: Command): void {
  command
    .description('Try grok patterns, and find out why they do not match. Patterns are Logstash’s: %{NAME:field:int}.')
    .addHelpText(
      'after',
      `
Examples:
  $ sluice grok explain '%{SYSLOGBASE} %{GREEDYDATA:message}' < /var/log/syslog
  $ sluice grok explain --dataset sshd/accepted < lines.txt
  $ sluice grok explain -c sluice.yaml --dataset mine < lines.txt
  $ echo '10.0.0.1 GET 5' | sluice grok match '%{IP:source.ip} %{WORD:method} %{INT:bytes:int}'
  $ sluice grok list http
  $ sluice grok show HTTPDATE`,
    )

  withLibrary(command.command('explain').argument('[pattern]', 'a pattern, such as %{SYSLOGBASE} or %{IP:a} %{INT:b}'))
    .summary('tell how far lines from stdin match, and what stopped them')
    .description('Tell for each line from stdin how far the pattern matched, what stopped it, and what to change.')
    .option('--dataset <name>', 'a dataset’s pattern, such as sshd/accepted, or all of a dataset’s')
    .option('--json', 'one JSON document a line')
    .addHelpText(
      'after',
      `
Lines are messages as patterns see them: without the syslog header, and without what a dataset's header captures.
Exit code 0: all lines matched; 1: one did not.

Example:
  $ echo '10.0.0.1  5' | sluice grok explain '%{IP:source.ip} %{INT:bytes}'`,
    )
    .action(explainLines)
  withLibrary(command.command('match').argument('<pattern...>', 'patterns, tried in order'))
    .summary('match lines from stdin, print what is captured as JSON')
    .description('Match lines from stdin against patterns and print what they capture, one JSON document a line.')
    .option('--anywhere', 'a match may begin anywhere in the line, as in Logstash')
    .option('--all', 'try all patterns, not only up to the first that matches')
    .addHelpText('after', '\nExit code 0: a line matched; 1: none did.')
    .action(matchLines)
  withLibrary(command.command('list').argument('[text]', 'only names and patterns that contain this'))
    .summary('list the named patterns')
    .description('List the named patterns: name, a blank, what it stands for.')
    .option('--json', 'one JSON document a pattern, with the file that defines it')
    .action(list)
  withLibrary(command.command('show').argument('<name>', 'name of a pattern'))
    .summary('show a named pattern, and the patterns that it is made of')
    .description(
      'Show what a named pattern stands for, the patterns that it is made of, its fields and the expression.',
    )
    .option('--json', 'as one JSON document')
    .action(show)
}

function withLibrary(command: Command): Command {
  const add = (value: string, before: string[]) => [...before, value]
  return command
    .addOption(new Option('--ecs', 'fields have ECS’s names (default)').conflicts('legacy'))
    .option('--legacy', 'fields have the names from before ECS')
    .option('-c, --config <file>', 'with the pattern and dataset directories of this config')
    .option('--patterns <dir>', 'pattern files of your own (the option again for more)', add, [])
}

async function libraryOf({ legacy, patterns, config }: LibraryOptions): Promise<PatternLibrary> {
  const own = config === undefined ? [] : (await loadConfig(config)).patterns
  return PatternLibrary.load({ vocabulary: legacy ? 'legacy' : 'ecs', dirs: [...own, ...patterns] })
}

async function explainLines(pattern: string | undefined, options: Options): Promise<void> {
  if ((pattern === undefined) === (options.dataset === undefined)) {
    throw new UserError('wanted: a pattern, or --dataset with the name of one', 2)
  }
  const patterns: NamedPattern[] =
    pattern === undefined
      ? await datasetPatterns(options.dataset ?? '', options)
      : [{ name: '', match: pattern, library: await libraryOf(options) }]
  // Mistakes in a pattern are told before any line is waited for.
  checked(() => patterns.map(({ match, library }) => compileGrok(match, library).regex))
  let number = 0
  for await (const line of linesOf(process.stdin)) {
    number++
    const answers = patterns.map(({ name, match, library }) => ({
      name,
      explanation: explain(match, library, line),
    }))
    const matched = answers.find(({ explanation }) => explanation === null)
    const best = matched ?? answers.reduce((a, b) => (offsetOf(b.explanation) > offsetOf(a.explanation) ? b : a))
    if (matched === undefined) process.exitCode = 1
    const { name, explanation } = best
    const of = name === '' ? {} : { pattern: name }
    if (options.json) {
      const { offset: stopped = null, way = [], next = '', suggestion = null } = explanation ?? {}
      const matches = explanation === null
      console.log(JSON.stringify({ line: number, matched: matches, ...of, stopped, way, next, suggestion }))
    } else console.log(inWords(number, line, name, explanation))
  }
}

function offsetOf(explanation: Explanation | null): number {
  return explanation === null ? Number.POSITIVE_INFINITY : explanation.offset
}

const SHOWN_BEFORE = 20

function inWords(number: number, line: string, name: string, explanation: Explanation | null): string {
  const label = `line ${number}${name === '' ? '' : `, ${name}`}`
  if (explanation === null) return `${label}: matches`
  const { offset, way, next, suggestion } = explanation
  const from = Math.max(0, offset - SHOWN_BEFORE)
  const before = harmless(line.slice(from, offset))
  const wanted = way.findLast((piece) => piece.startsWith('%{')) ?? way.at(-1) ?? 'the end'
  const goesOn = next === '' ? 'the line ends' : `the line goes on with "${harmless(next)}"`
  return [
    `${label}: matches up to character ${offset} of ${line.length}`,
    `    ${from > 0 ? '…' : ''}${before}${harmless(next)}${offset + next.length < line.length ? '…' : ''}`,
    `    ${' '.repeat(before.length + (from > 0 ? 1 : 0))}^ wanted here: ${harmless(wanted)}; ${goesOn}`,
    ...(way.length > 1 ? [`  in: ${way.map((piece) => harmless(piece)).join(' → ')}`] : []),
    ...(suggestion === null ? [] : [`  ${harmless(suggestion)}`]),
  ].join('\n')
}

/** The patterns of a dataset, or the one that is named, with the dataset's own definitions. */
async function datasetPatterns(wanted: string, options: Options): Promise<NamedPattern[]> {
  const { loadDatasets } = await import('../dataset/load.ts')
  const library = await libraryOf(options)
  const { datasets } = await loadConfig(options.config)
  const [dataset = '', name] = wanted.split('/')
  const all = loadDatasets(datasets === false ? [] : datasets)
  const found = all.filter((one) => namesOf(one).includes(dataset))
  if (found.length === 0) {
    throw new UserError(`there is no dataset "${dataset}"${didYouMean(dataset, all.flatMap(namesOf))}`, 2)
  }
  const patterns = found.flatMap((one) => one.patterns.map((pattern) => ({ ...pattern, file: one })))
  const named = patterns.filter((one) => name === undefined || one.name === name)
  if (named.length === 0) {
    const names = patterns.map((one) => one.name)
    throw new UserError(`${dataset} has no pattern "${name}"${didYouMean(name ?? '', names)}`, 2)
  }
  return named.flatMap(({ name, match, file }) => {
    const own = library.with(file.definitions, file.file)
    return match.map((one) => ({ name: `${file.dataset}/${name}`, match: one, library: own }))
  })
}

/** What `event.dataset` of its lines may be. */
function namesOf({ dataset, services = {}, patterns }: DatasetDefinition): string[] {
  const ofServices = Object.keys(services).map((name) => `${dataset}.${name}`)
  return [dataset, ...ofServices, ...patterns.flatMap((pattern) => pattern.dataset ?? [])]
}

async function matchLines(patterns: string[], options: Options): Promise<void> {
  const { anywhere = false, all = false } = options
  const library = await libraryOf(options)
  const matcher = checked(() => new GrokMatcher(patterns, library, { anchored: !anywhere, breakOnMatch: !all }))
  process.exitCode = 1
  for await (const line of linesOf(process.stdin)) {
    const { matched, fields, tags } = matcher.match(line)
    if (matched) process.exitCode = 0
    console.log(JSON.stringify(matched ? fields : { message: line, tags }))
  }
}

async function list(text: string | undefined, options: Options): Promise<void> {
  const library = await libraryOf(options)
  const wanted = text?.toLowerCase() ?? ''
  const definitions = library
    .names()
    .map((name) => library.definition(name))
    .filter((one) => one !== undefined)
    .filter(({ name, pattern }) => `${name} ${pattern}`.toLowerCase().includes(wanted))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
  for (const one of definitions)
    console.log(options.json ? JSON.stringify(one) : harmless(`${one.name} ${one.pattern}`))
  if (definitions.length === 0) process.exitCode = 1
}

async function show(name: string, options: Options): Promise<void> {
  const library = await libraryOf(options)
  const bare = name.replace(/^%\{|\}$/g, '')
  const definition = library.definition(bare)
  if (definition === undefined) {
    throw new UserError(`there is no pattern ${bare}${didYouMean(bare, library.names())}`, 2)
  }
  const { regex, captures } = checked(() => compileGrok(`%{${bare}}`, library))
  const made = checked(() => referenceTree(bare, library))
  const fields = captures.map(({ field, type, pattern }) => ({ field, type, pattern }))
  if (options.json) {
    console.log(JSON.stringify({ ...definition, madeOf: made, fields, regex: regex.source, flags: regex.flags }))
    return
  }
  const { text } = expandGrok(`%{${bare}}`, library)
  const lines = [
    `${bare} ${definition.pattern}`,
    `  defined in ${definition.file}:${definition.line}`,
    ...(made.length === 0 ? [] : ['  made of', ...treeLines(made, '    ')]),
    ...(fields.length === 0
      ? []
      : ['  fields', ...fields.map((one) => `    ${one.field} (${one.type}) %{${one.pattern}}`)]),
    `  written out, ${text.length} characters: /${regex.source}/${regex.flags}`,
  ]
  console.log(lines.map((line) => harmless(line)).join('\n'))
}

function treeLines(tree: readonly ReferenceTree[], indent: string): string[] {
  return tree.flatMap(({ name, pattern, madeOf }) => [
    `${indent}${name} ${madeOf.length > 0 ? '' : pattern}`.trimEnd(),
    ...treeLines(madeOf, `${indent}  `),
  ])
}

/** A mistake in a pattern that was given on the command line is a question of usage. */
function checked<T>(make: () => T): T {
  try {
    return make()
  } catch (error) {
    if (error instanceof GrokError) throw new UserError(harmless(error.message), 2)
    throw error
  }
}

async function* linesOf(input: NodeJS.ReadableStream): AsyncGenerator<string> {
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    yield line.slice(0, MATCHED_LENGTH)
  }
}
