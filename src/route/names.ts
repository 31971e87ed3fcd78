/** syslog-ng's names (lib/syslog-names.c), any case; the first name of a number is the one that is written. */
const FACILITIES: readonly (readonly string[])[] = [
  ['kern'],
  ['user'],
  ['mail'],
  ['daemon'],
  ['auth'],
  ['syslog'],
  ['lpr'],
  ['news'],
  ['uucp'],
  ['cron'],
  ['authpriv', 'megasafe'],
  ['ftp'],
  ['ntp'],
  ['security', 'audit'],
  ['console', 'alert'],
  ['solaris-cron', 'clock'],
  ...[0, 1, 2, 3, 4, 5, 6, 7].map((n) => [`local${n}`]),
]

const SEVERITIES: readonly (readonly string[])[] = [
  ['emerg', 'emergency', 'panic'],
  ['alert'],
  ['crit', 'critical'],
  ['err', 'error'],
  ['warning', 'warn'],
  ['notice'],
  ['info', 'informational'],
  ['debug'],
]

export type PriorityPart = 'facility' | 'severity'

const TABLES = { facility: FACILITIES, severity: SEVERITIES }

/** The number of a facility or severity, by name or as a decimal number; undefined for anything else. */
export function codeOf(part: PriorityPart, text: string): number | undefined {
  const table = TABLES[part]
  if (/^\d+$/.test(text)) return Number(text) < table.length ? Number(text) : undefined
  const name = text.toLowerCase()
  const code = table.findIndex((names) => names.includes(name))
  return code === -1 ? undefined : code
}

/** The name that syslog-ng writes for `$FACILITY` and `$LEVEL`. */
export function nameOf(part: PriorityPart, code: number): string {
  return TABLES[part][code]?.[0] ?? String(code)
}

export function allNames(part: PriorityPart): string[] {
  return TABLES[part].flat()
}
