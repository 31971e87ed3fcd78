import { SEVERITIES } from '../syslog/priority.ts'

/** Names that programs give their levels, in capitals, besides the severities' own. */
const NAMES: Readonly<Record<string, string>> = {
  ...Object.fromEntries(SEVERITIES.map((name) => [name.toUpperCase(), name])),
  EMERGENCY: 'emerg',
  PANIC: 'emerg',
  CRITICAL: 'crit',
  FATAL: 'crit',
  SEVERE: 'err',
  ERROR: 'err',
  WARN: 'warning',
  NOTE: 'notice',
  INFORMATION: 'info',
  INFORMATIONAL: 'info',
  AUDIT: 'info',
  LOG: 'info',
  DETAIL: 'info',
  TRACE: 'debug',
  FINE: 'debug',
  VERBOSE: 'debug',
  DEBUG1: 'debug',
  DEBUG2: 'debug',
  DEBUG3: 'debug',
  DEBUG4: 'debug',
  DEBUG5: 'debug',
}

/** The severity that a level's name means, by a dataset's own names first; null: nobody knows. */
export function severityOf(text: string, own: Readonly<Record<string, string>>): string | null {
  if (Object.hasOwn(own, text)) return own[text]
  const name = text.length > 20 ? '' : text.toUpperCase()
  return Object.hasOwn(NAMES, name) ? NAMES[name] : null
}
