import { SEVERITIES } from '../syslog/priority.ts'
import { type Finder, recent } from './recent.ts'

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

const LENGTH = 20
const REMEMBERED = 100

/** Gives the severity that a level's name means, by a dataset's own names first; null: nobody knows. */
export function levelTable(own: Readonly<Record<string, string>>): Finder<string | null> {
  const usual = new Map(Object.entries(NAMES))
  const known = new Map<string, string | null>([...usual, ...Object.entries(own)])
  const most = known.size + REMEMBERED
  const find = (text: string) => {
    const level = known.get(text)
    if (level !== undefined) return level
    const found = text.length > LENGTH ? null : (usual.get(text.toUpperCase()) ?? null)
    if (text.length <= LENGTH && known.size < most) known.set(text, found)
    return found
  }
  return recent(find)
}
