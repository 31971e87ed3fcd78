import type { Node } from './ast.ts'
import { compileFilter } from './filter.ts'
import { lineAndColumn } from './filter-error.ts'
import { type Finding, lintPattern, matchesAll, matchesNone } from './lint-pattern.ts'
import { nameOf } from './names.ts'
import { parseFilter } from './parser.ts'
import type { RouteOptions } from './router.ts'

/** `line` and `column`, from 1, within the filter's text. */
export interface Warning extends Finding {
  line: number
  column: number
}

/** `route`: its name. A warning about a route as a whole has line and column 1. */
export interface RouteWarning extends Warning {
  route: string
}

/**
 * What a filter says beyond what its author probably meant, in the order of the text.
 * @throws FilterError
 */
export function lintFilter(text: string): Warning[] {
  // Says what is wrong with a pattern; whether named filters exist is not asked here.
  compileFilter(text, () => () => true)
  const whole = parseFilter(text)
  const warnings: Warning[] = []
  const warn = (at: number, finding: Finding): void => {
    warnings.push({ ...lineAndColumn(text, at), ...finding })
  }
  const nodes = all(whole)
  for (const node of nodes) {
    if (node.kind !== 'text') continue
    const finding = lostBackslash(text, node) ?? lintPattern(node)
    if (finding !== null) warn(node.patternAt, finding)
  }
  const severities = nodes.flatMap((node) => (node.kind === 'severity' ? [node] : []))
  const [severity] = severities
  if (severity !== undefined && severities.length === 1) {
    const finding = onlyOneLevel(severity.codes)
    if (finding !== null) warn(severity.at, finding)
  }
  const known = warnings.some(({ meaning }) => meaning.endsWith('never matches'))
  if (!known && constantAnswer(whole) === false)
    warn(whole.at, { meaning: 'this filter never matches', example: null, instead: null })
  return warnings.toSorted((a, b) => a.line - b.line || a.column - b.column)
}

/**
 * The warnings of all routes' filters, and routes that no line can reach.
 * @throws FilterError
 */
export function lintRoutes(routes: readonly RouteOptions[]): RouteWarning[] {
  const warnings: RouteWarning[] = []
  const earlier = new Map<string, string>()
  let catchAll: string | null = null
  for (const { name, filter, continue: goesOn = false } of routes) {
    const whole = (meaning: string, instead: string | null): void => {
      warnings.push({ route: name, line: 1, column: 1, meaning, example: null, instead })
    }
    const node = filter === undefined ? null : parseFilter(filter)
    const same = node === null ? undefined : earlier.get(shape(node))
    if (catchAll !== null) whole(`no line comes here: route "${catchAll}" takes all`, `move it before "${catchAll}"`)
    else if (same !== undefined) whole(`no line comes here: route "${same}" has the same filter`, null)
    if (filter !== undefined) for (const warning of lintFilter(filter)) warnings.push({ route: name, ...warning })
    if (goesOn) continue
    if (node !== null && !earlier.has(shape(node))) earlier.set(shape(node), name)
    if (node === null || constantAnswer(node) === true) catchAll ??= name
  }
  return warnings
}

function all(node: Node): Node[] {
  if (node.kind === 'and' || node.kind === 'or') return [node, ...all(node.left), ...all(node.right)]
  return node.kind === 'not' ? [node, ...all(node.of)] : [node]
}

/** The filter without its places and spelling. */
function shape(node: Node): string {
  return JSON.stringify(node, (key, value: unknown) => (['at', 'patternAt', 'call'].includes(key) ? undefined : value))
}

/** `"\."` is only a dot: a double-quoted string takes the backslash for itself. */
function lostBackslash(text: string, { patternAt, pattern, call }: Node & { kind: 'text' }): Finding | null {
  if (text.charAt(patternAt) !== '"' || pattern.type !== 'pcre') return null
  const written = /^"((?:[^"\\]|\\[\s\S])*)"/.exec(text.slice(patternAt))?.[1] ?? ''
  const lost = /(?<!\\)(?:\\\\)*(\\[.dDwWsSbBAZz[\](){}^$*+?|])/.exec(written)?.[1]
  if (lost === undefined) return null
  const meaning = `in double quotes ${lost} is only ${lost.slice(1)}: the string takes the backslash for itself`
  return { meaning, example: null, instead: `${call}('${written.replaceAll('\\\\', '\\')}')` }
}

function onlyOneLevel(codes: number): Finding | null {
  const code = [1, 2, 3, 4].find((each) => codes === 1 << each)
  if (code === undefined) return null
  const name = nameOf('severity', code)
  const meaning = `this is ${name} alone: what is worse does not match`
  return { meaning, example: null, instead: `level(${name}..emerg)` }
}

/** True or false when the filter says the same of every line, as far as priorities and plain patterns tell. */
function constantAnswer(whole: Node): boolean | null {
  const first = answer(whole, 0, 0)
  for (let facility = 0; facility < 24; facility++) {
    for (let severity = 0; severity < 8; severity++) {
      if (answer(whole, facility, severity) !== first) return null
    }
  }
  return first
}

function answer(node: Node, facility: number, severity: number): boolean | null {
  switch (node.kind) {
    case 'and':
    case 'or': {
      const decisive = node.kind === 'or'
      const left = answer(node.left, facility, severity)
      const right = answer(node.right, facility, severity)
      if (left === decisive || right === decisive) return decisive
      return left === null || right === null ? null : !decisive
    }
    case 'not': {
      const of = answer(node.of, facility, severity)
      return of === null ? null : !of
    }
    case 'facility':
      return (node.codes & (1 << facility)) !== 0
    case 'severity':
      return (node.codes & (1 << severity)) !== 0
    case 'text':
      return matchesAll(node) ? true : matchesNone(node) ? false : null
    case 'tags':
      return node.names.length === 0 ? false : null
    default:
      return null
  }
}
