import v8 from 'node:v8'
import type { Pattern } from './ast.ts'
import { globTest } from './glob.ts'
import { emit } from './pcre/emit.ts'
import { parsePcre } from './pcre/parse.ts'

// A pattern that goes back too often over a hostile text is handed to V8's linear engine, which it can't stall. Over
// 8 KiB made for it, foo.*bar.*baz takes 4 ms then; 94 ms with V8's own bound of 50,000 steps back, and (a+)+$ would
// never end without the engine. Ordinary lines don't come near 2,000. Patterns with look-around, atomic groups or back
// references stay with the usual engine. The flags hold for the whole process.
v8.setFlagsFromString('--enable-experimental-regexp-engine-on-excessive-backtracks')
v8.setFlagsFromString('--regexp-backtracks-before-fallback=2000')

/**
 * Characters of a text that a pattern is tried on, so that a longer one ends there for `$`; `string` and `glob` see all
 * of it, since they can't run away.
 */
export const MATCHED_LENGTH = 8192

/**
 * What a pattern says about a text, as syslog-ng's matchers do (lib/logmatcher.c): pcre anywhere in the text, glob and
 * string the whole of it; `prefix` and `substring` are for strings, and `ignore-case` is not for globs.
 *
 * Texts are characters here, as with `flags("utf8")`, where syslog-ng otherwise sees bytes.
 * @throws PatternError
 */
export function patternTest(pattern: Pattern): (text: string) => boolean {
  if (pattern.type === 'glob') return globTest(pattern.text)
  if (pattern.type === 'string') return stringTest(pattern)
  const regex = patternRegex(pattern)
  return (text) => regex.test(text.length > MATCHED_LENGTH ? text.slice(0, MATCHED_LENGTH) : text)
}

/** A PCRE pattern as JavaScript's. @throws PatternError */
export function patternRegex({ text, flags }: Pattern): RegExp {
  const options = { ignoreCase: flags.includes('ignore-case'), anyNewline: flags.includes('newline') }
  return emit(parsePcre(text, options), flags.includes('utf8'))
}

function stringTest({ text: wanted, flags }: Pattern): (text: string) => boolean {
  if (flags.includes('ignore-case')) {
    const inner = stringTest({
      text: asciiLower(wanted),
      type: 'string',
      flags: flags.filter((f) => f !== 'ignore-case'),
    })
    return (text) => inner(asciiLower(text))
  }
  // With both flags syslog-ng takes the prefix.
  if (flags.includes('prefix')) return (text) => text.startsWith(wanted)
  if (flags.includes('substring')) return (text) => text.includes(wanted)
  return (text) => text === wanted
}

/** strcasecmp(3) in the C locale. */
function asciiLower(text: string): string {
  return text.replaceAll(/[A-Z]+/g, (capitals) => capitals.toLowerCase())
}
