import { DYNAMIC_FIELDS, type Field, type MatchFlag, STATIC_FIELDS } from './ast.ts'

/** The functions of the language, as error messages list them. */
export const FUNCTIONS = [
  'program()',
  'host()',
  'message()',
  'match()',
  'facility()',
  'level()',
  'netmask()',
  'netmask6()',
  'tags()',
  'filter()',
]

/** What a function with a pattern looks at. */
export const TEXT_FIELDS = new Map<string, Field>([
  ['program', 'PROGRAM'],
  ['host', 'HOST'],
  ['message', 'MESSAGE'],
  ['match', 'match'],
])

const NO_COMPARISON = 'comparisons are not supported: write match("^text$" value("HOST")) and the like'

/** Legal in syslog-ng, not here. */
export const FOREIGN = new Map<string, string>([
  ['source', 'source() is not supported: write netmask() for the sender, or tags()'],
  ['in-list', 'in-list() is not supported: write the values as a pattern, such as host("^(web1|web2)$")'],
  ['blank', 'blank() is not supported: write match("^$" value("PROGRAM")) and the like'],
  ['throttle', 'throttle() is not supported'],
  ['rate-limit', 'rate-limit() is not supported'],
  ...['eq', 'ne', 'lt', 'le', 'gt', 'ge', '==', '!=', '<', '<=', '>', '>=', '===', '!=='].map(
    (operator): [string, string] => [operator, NO_COMPARISON],
  ),
])

/** Names for `value()`. */
export const FIELDS = new Map<string, Field>([
  ...STATIC_FIELDS.map((name): [string, Field] => [name, name]),
  ...DYNAMIC_FIELDS.filter((name) => name !== 'match').map((name): [string, Field] => [name, name]),
  ['MSG', 'MESSAGE'],
  ['MSGONLY', 'MESSAGE'],
  ['LEGACY_MSGHDR', 'MSGHDR'],
  ['FULLHOST', 'HOST'],
  ['PRIORITY', 'LEVEL'],
  ['SEVERITY', 'LEVEL'],
  ['SEVERITY_NUM', 'LEVEL_NUM'],
])

/** Names for `flags()`; null: taken, but without effect on what matches. Underscores are hyphens, as in syslog-ng. */
export const FLAGS = new Map<string, MatchFlag | null>([
  ['ignore-case', 'ignore-case'],
  ['icase', 'ignore-case'],
  ['prefix', 'prefix'],
  ['substring', 'substring'],
  ['newline', 'newline'],
  ['utf8', 'utf8'],
  ['unicode', 'utf8'],
  ['global', null],
  ['store-matches', null],
  ['disable-jit', null],
  ['dupnames', null],
  ['nobackref', null],
])
