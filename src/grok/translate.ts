import { createRequire } from 'node:module'
import { GrokError } from './error.ts'
import type { Field } from './expand.ts'
import { numberGroups } from './number-groups.ts'
import { Reader } from './reader.ts'

/** An expression as JavaScript writes it, with numbered groups only: named ones cost 1.4 times as much per match. */
export interface Translated {
  source: string
  flags: string
  /** By index of the field: the number of its group; 0: there is no such group. */
  groups: number[]
}

/**
 * Translates Oniguruma's syntax, as Ruby has it, into JavaScript's: `^` and `$` are ends of lines, `.` is every
 * character (Logstash compiles with MULTILINE), `\d`, `\w`, `\s` and `\b` are ASCII's, `\h` is a hexadecimal digit,
 * plain groups don't capture.
 *
 * What both languages write alike is taken over as it is; only the rest goes through oniguruma-to-es, which takes 17 ms
 * to load and 1 to 10 ms a pattern (SYSLOGBASE 2, HAPROXYHTTP 10; 0.1 and 0.35 here, bench/micro-grok.ts).
 *
 * @param text `(?<%N>` opens the group of field N
 * @param fields what `(?<name>…)` captures is added to them
 * @throws GrokError
 */
export function translate(text: string, fields: Field[]): Translated {
  const { common, oniguruma } = new Reader(text, fields).read()
  if (common !== null) {
    try {
      const { source, groups } = numberGroups(common, fields.length)
      new RegExp(source, 's')
      return { source, flags: 's', groups }
    } catch {
      // Written alike but not in JavaScript, such as a** : the library knows, or says what is wrong with it.
    }
  }
  return viaLibrary(oniguruma, fields.length, text)
}

type ToDetails = typeof import('oniguruma-to-es').toRegExpDetails
let toDetails: ToDetails | null = null

function viaLibrary(oniguruma: string, fields: number, text: string): Translated {
  toDetails ??= createRequire(import.meta.url)('oniguruma-to-es').toRegExpDetails as ToDetails
  const convert = toDetails
  const attempt = (target: 'ES2018' | 'ES2025') =>
    convert(oniguruma, {
      target,
      flags: 'mDSW',
      rules: { captureGroup: true, asciiWordBoundaries: true, singleline: true },
    })
  let details: ReturnType<ToDetails>
  try {
    try {
      details = attempt('ES2018')
    } catch {
      // Sets of classes need the v flag.
      details = attempt('ES2025')
    }
    const { source: body, groups } = numberGroups(details.pattern, fields)
    // \G, and a sticky expression remembers where the last match ended: here it always means the start.
    const source = details.flags.includes('y') ? `^(?:${body})` : body
    const flags = withoutUnicode(source, details.flags).replace('y', '')
    new RegExp(source, flags)
    return { source, flags, groups }
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error)
    const [, code] = /^Multibyte code "(.{1,40}?)"/.exec(problem) ?? []
    if (code !== undefined) {
      throw new GrokError(
        `${code} is a part of a character in UTF-8: write \\uHHHH or \\x{HH} for a character`,
        text,
        0,
      )
    }
    throw new GrokError(problem.replace(/^Invalid regular expression: /, ''), text, 0)
  }
}

/**
 * Leaves the u flag out where nothing in the expression needs it: V8's linear engine, which takes over from an
 * expression that goes back too often, does not know it.
 */
function withoutUnicode(source: string, flags: string): string {
  const needed = flags.includes('i') || flags.includes('v') || /\\[pP]|\\u\{|[\u{10000}-\u{10ffff}]/u.test(source)
  return needed ? flags : flags.replace('u', '')
}
