import { UserError } from '../../errors.ts'

/** Names of levels, by severity code: RFC 5424 section 6.2.1, table 2, and the words programs use for them. */
export const LEVELS: readonly (readonly string[])[] = [
  ['emergency', 'emerg', 'panic'],
  ['alert'],
  ['critical', 'crit', 'fatal'],
  ['error', 'err'],
  ['warning', 'warn'],
  ['notice'],
  ['informational', 'info'],
  ['debug', 'trace'],
]

/**
 * Severity codes of `warning` (that level and worse), `=info` (that level alone) or a list of them (`err,=debug`).
 * Throws UserError for a name that is no level.
 */
export function severitiesOf(text: string): number[] {
  const codes = new Set<number>()
  for (const word of text.split(',')) {
    const [, exact, name = ''] = /^\s*(=?)\s*(.*?)\s*$/.exec(word) ?? []
    const code = /^[0-7]$/.test(name) ? Number(name) : LEVELS.findIndex((names) => names.includes(name.toLowerCase()))
    if (code < 0) {
      const known = 'emerg, alert, crit, err, warning, notice, info, debug or 0 to 7'
      throw new UserError(`level: "${name}" is none of ${known}; =NAME means that level alone`, 2)
    }
    for (let one = exact === '=' ? code : 0; one <= code; one++) codes.add(one)
  }
  return [...codes].sort()
}
