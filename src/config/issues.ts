import type { z } from 'zod'
import { didYouMean } from './suggest.ts'
import { show } from './units.ts'
import { type Path, type Problem, type Source, showPath } from './yaml.ts'

type Issue = z.core.$ZodIssue

/** What zod found, in words for people and with places in the file. */
export function problemsOf(issues: readonly Issue[], source: Source, before: Path = []): Problem[] {
  return issues.flatMap((issue) => {
    const path = [...before, ...issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part))]
    const problem = (message: string) => [{ ...source.at(path), message: `${where(path)}${message}` }]
    switch (issue.code) {
      case 'unrecognized_keys': {
        const messages = issue.message.split('\n')
        return issue.keys.map((key, i) => ({ ...source.atKey(path, key), message: `${where(path)}${messages[i]}` }))
      }
      case 'invalid_union':
        return unionProblems(issue, path, source, problem)
      case 'invalid_key': {
        const key = String(path.at(-1))
        const reason = issue.issues[0]?.message ?? issue.message
        return [{ ...source.atKey(path.slice(0, -1), key), message: `${where(path.slice(0, -1))}${reason}` }]
      }
      case 'custom': {
        const { line, column } = issue.params ?? {}
        if (typeof line !== 'number' || typeof column !== 'number') return problem(issue.message)
        return [{ ...source.inside(path, line, column), message: `${where(path)}${issue.message}` }]
      }
      default:
        return problem(issue.message)
    }
  })
}

/**
 * A list item or value can be one of several forms. Those that it plainly is not (another type, or the key that names
 * the form is absent) say nothing useful; the problems of the one that was meant do.
 */
function unionProblems(
  issue: z.core.$ZodIssueInvalidUnion,
  path: Path,
  source: Source,
  problem: (message: string) => Problem[],
): Problem[] {
  const value = path.reduce<unknown>(member, source.value)
  const absent = issue.errors.map((branch) =>
    branch.find(({ path }) => path.length === 1 && member(value, path[0]) === undefined),
  )
  const named = absent.filter((missing) => missing !== undefined)
  const only = named.length === 1 ? issue.errors[absent.findIndex((missing) => missing !== undefined)] : undefined
  const meant = issue.errors.find(
    (branch, i) =>
      absent[i] === undefined &&
      !branch.some(({ code, path }) => path.length === 0 && (code === 'invalid_type' || code === 'invalid_value')),
  )
  const told = meant ?? only
  if (told !== undefined) return problemsOf(told, source, path)
  if (issue.message !== '') return problem(issue.message)
  const kinds = named.map((missing) => String(missing.path[0]))
  if (kinds.length === 0) {
    const [wants, got] = [/^wanted (.*), got .*$/s, /^.*, got (.*)$/s].map((part) =>
      issue.errors.flatMap((branch) => branch.map(({ message }) => message.replace(part, '$1'))),
    )
    return problem(`wanted ${[...new Set(wants)].join(' or ')}, got ${got[0]}`)
  }
  const unknown = issue.errors.flatMap((branch) =>
    branch.flatMap((inner) => (inner.code === 'unrecognized_keys' ? inner.keys : [])),
  )
  const common = unknown.filter((key) => unknown.filter((other) => other === key).length === issue.errors.length)
  const near = [...new Set(common)].map((key) => didYouMean(key, kinds)).find((hint) => hint !== '')
  return problem(`wanted one of the keys ${kinds.join(', ')}${near ?? ''}`)
}

function member(value: unknown, key: PropertyKey): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined
}

/** The beginning of a message about `path`; nothing at the top. */
function where(path: Path): string {
  return path.length === 0 ? '' : `${showPath(path)}: `
}

const TYPES: Record<string, string> = {
  string: 'text',
  object: 'a mapping',
  record: 'a mapping',
  array: 'a list',
  boolean: 'true or false',
  int: 'a whole number',
  number: 'a number',
}

/** Zod asks this for the words of each issue that the schema has no words of its own for. */
export const describeIssue: z.core.$ZodErrorMap = (issue) => {
  switch (issue.code) {
    case 'invalid_type':
      if (issue.input === null && issue.expected === 'object')
        return 'wanted a mapping ({} takes the defaults), got null'
      return `wanted ${TYPES[issue.expected] ?? issue.expected}, got ${show(issue.input)}`
    case 'invalid_value':
      return `wanted ${issue.values.map(String).join(' or ')}, got ${show(issue.input)}`
    case 'too_small':
      return `wanted ${issue.origin === 'string' ? 'some text' : `at least ${issue.minimum}`}, got ${show(issue.input)}`
    case 'too_big':
      return `wanted at most ${issue.maximum}, got ${show(issue.input)}`
    case 'unrecognized_keys': {
      const known = keysOf(issue.inst)
      return issue.keys.map((key) => `unknown key ${show(key)}${didYouMean(key, known)}`).join('\n')
    }
    case 'invalid_union':
      return ''
    default:
      return undefined
  }
}

function keysOf(schema: unknown): string[] {
  const shape = (schema as { _zod?: { def?: { shape?: object } } } | undefined)?._zod?.def?.shape
  return Object.keys(shape ?? {})
}
