import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { UserError } from '../errors.ts'
import { crossCheck, type Finding } from './cross-check.ts'
import { describeIssue, problemsOf } from './issues.ts'
import { type Config, configSchema } from './schema.ts'
import { type Problem, readYaml, type Source } from './yaml.ts'

/** Config of `npm start`, and of every command that is told no other. */
export const DEFAULT_CONFIG = fileURLToPath(new URL('../../deploy/default.yaml', import.meta.url))

/** Values from the command line, which replace those of the file. */
export interface Overrides {
  data?: string | undefined
  shape?: string | undefined
}

export interface Reading {
  /** Absent when there are problems. */
  config?: Config
  /** All of them, in the order of the file. */
  problems: Problem[]
  source: Source
}

/** Checks the text of a config; touches nothing, throws nothing. */
export function readConfig(text: string, overrides: Overrides = {}, env = process.env): Reading {
  const source = readYaml(text, env, (keys) => keys.at(-1) === 'archive' || keys.join('.') === 'archive.path')
  if (source.value === undefined) return { problems: inOrder(source.problems), source }
  const given = Object.fromEntries(Object.entries(overrides).filter(([, value]) => value !== undefined))
  const isMapping = typeof source.value === 'object' && source.value !== null && !Array.isArray(source.value)
  const value = isMapping ? { ...source.value, ...given } : source.value
  const { data: config, error } = configSchema.safeParse(value, { error: describeIssue })
  const problems = [
    ...source.problems,
    ...problemsOf(error?.issues ?? [], source),
    ...crossCheck(value).map((finding) => problemOf(finding, source)),
  ]
  return problems.length === 0 && config !== undefined
    ? { config, problems, source }
    : { problems: inOrder(problems), source }
}

/** A finding with its place in the file. */
export function problemOf({ path, inside, message }: Finding, source: Source): Problem {
  return { ...(inside === undefined ? source.at(path) : source.inside(path, inside.line, inside.column)), message }
}

/** By place; of several at one place the first, which is the cause of the others. */
export function inOrder(problems: Problem[]): Problem[] {
  return problems
    .filter(
      ({ line, column }, i) => problems.findIndex((other) => other.line === line && other.column === column) === i,
    )
    .sort((a, b) => a.line - b.line || a.column - b.column)
}

/** Reads and checks a config file. Throws UserError (78) that names every problem with its place. */
export async function loadConfig(file = DEFAULT_CONFIG, overrides: Overrides = {}): Promise<Config> {
  const { config, problems } = readConfig(await readText(file), overrides)
  if (config === undefined) throw new UserError(showProblems(file, problems), 78)
  return config
}

/** Throws UserError (78) when the file can't be read. */
export async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new UserError(`the config file can't be read: ${reason}`, 78)
  }
}

/** One problem a line, `file:line:column: message`, as editors and terminals know how to follow. */
export function showProblems(file: string, problems: readonly Problem[]): string {
  return problems.map(({ line, column, message }) => `${file}:${line}:${column}: ${printable(message)}`).join('\n')
}

/** Keys and values of a file may hold anything, terminal escapes too. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, '\u{fffd}')
}

/** 12 hex digits that are the same for configs which mean the same, whatever their comments, order or units. */
export function fingerprint(config: Config): string {
  const ordered = JSON.stringify(config, (_, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  )
  return createHash('sha256').update(ordered).digest('hex').slice(0, 12)
}
