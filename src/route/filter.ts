import { closest } from 'fastest-levenshtein'
import type { Field, Node, StaticField } from './ast.ts'
import { DYNAMIC_FIELDS } from './ast.ts'
import { FilterError } from './filter-error.ts'
import type { LineText } from './line-text.ts'
import { patternTest } from './matcher.ts'
import { nameOf } from './names.ts'
import { networkTest } from './network.ts'
import { parseFilter } from './parser.ts'
import { PatternError } from './pcre/ast.ts'

/** What is known of a source before a line's text is looked at. */
export interface Source {
  host: string
  program: string
  facility: number
  severity: number
}

export type Residual = (text: LineText) => boolean
/** What a filter says of a source: yes, no, or what still has to be asked of each line. */
export type Answer = boolean | Residual
export type Filter = (source: Source) => Answer
type Compiled = (source: Source) => Answer

/**
 * Compiles one filter. `resolve` gives the filter of a name for `filter(name)`, undefined when there is none; `names`
 * are those it knows, for "did you mean".
 * @throws FilterError
 */
export function compileFilter(
  text: string,
  resolve: (name: string) => Filter | undefined = () => undefined,
  names: readonly string[] = [],
): Filter {
  return compile(parseFilter(text))

  function compile(node: Node): Compiled {
    switch (node.kind) {
      case 'and':
        return both(compile(node.left), compile(node.right), false)
      case 'or':
        return both(compile(node.left), compile(node.right), true)
      case 'not':
        return negated(compile(node.of))
      case 'facility':
      case 'severity': {
        const { kind, codes } = node
        return (source) => (codes & (1 << source[kind])) !== 0
      }
      case 'netmask': {
        const test = networkTest(node.network)
        const residual: Residual = (line) => test(line.sender)
        return () => residual
      }
      case 'tags': {
        const { names: wanted } = node
        const residual: Residual = (line) => line.tags.some((tag) => wanted.includes(tag))
        return () => (wanted.length === 0 ? false : residual)
      }
      case 'filter': {
        const filter = resolve(node.name)
        if (filter !== undefined) return filter
        const near = names.length === 0 ? '' : `: did you mean ${closest(node.name, [...names])}?`
        throw new FilterError(`there is no filter "${node.name}"${near}`, text, node.at)
      }
      case 'text':
        return matching(node.field, testOf(node))
    }
  }

  function testOf({ pattern, patternAt }: Node & { kind: 'text' }): (text: string) => boolean {
    try {
      return patternTest(pattern)
    } catch (error) {
      if (!(error instanceof PatternError)) throw error
      const within = pattern.text.length > 0 ? ` (character ${error.offset + 1} of the pattern)` : ''
      throw new FilterError(`${error.message}${within}`, text, patternAt)
    }
  }
}

/** `and` (decisive: false) or `or` (decisive: true) over three values. */
function both(left: Compiled, right: Compiled, decisive: boolean): Compiled {
  return (source) => {
    const first = left(source)
    if (first === decisive) return decisive
    const second = right(source)
    if (second === decisive || typeof first === 'boolean') return second
    if (typeof second === 'boolean') return first
    return decisive ? (line) => first(line) || second(line) : (line) => first(line) && second(line)
  }
}

function negated(of: Compiled): Compiled {
  return (source) => {
    const answer = of(source)
    return typeof answer === 'boolean' ? !answer : (line) => !answer(line)
  }
}

function matching(field: Field, test: (text: string) => boolean): Compiled {
  if (isStatic(field)) return (source) => test(staticText(field, source))
  switch (field) {
    case 'MESSAGE': {
      const residual: Residual = (line) => test(line.message)
      return () => residual
    }
    case 'match': {
      const residual: Residual = (line) => test(line.match)
      return () => residual
    }
    case 'SOURCEIP': {
      const residual: Residual = (line) => test(line.sender)
      return () => residual
    }
    case 'TAGS': {
      const residual: Residual = (line) => test(line.tags.join(','))
      return () => residual
    }
    case 'MSGHDR': {
      const residual: Residual = (line) => test(line.messageHeader)
      return () => residual
    }
    case 'PID':
      return ({ program }) =>
        (line) =>
          test(line.pid(program))
  }
}

function isStatic(field: Field): field is StaticField {
  return !DYNAMIC_FIELDS.some((dynamic) => dynamic === field)
}

function staticText(field: StaticField, { host, program, facility, severity }: Source): string {
  switch (field) {
    case 'HOST':
      return host
    case 'PROGRAM':
      return program
    case 'FACILITY':
      return nameOf('facility', facility)
    case 'FACILITY_NUM':
      return String(facility)
    case 'LEVEL':
      return nameOf('severity', severity)
    case 'LEVEL_NUM':
      return String(severity)
    case 'PRI':
      return String(facility * 8 + severity)
  }
}
