/** PRI when the line has none, or none that can be read: user.notice (RFC 3164 section 4.3.3). */
export const DEFAULT_PRIORITY = 13
/** local7.debug; there is no facility 24 (RFC 5424 section 6.2.1). */
export const MAX_PRIORITY = 191

/** Index = code. The names that syslog.conf, rsyslog and syslog-ng use. */
export const FACILITIES = [
  'kern',
  'user',
  'mail',
  'daemon',
  'auth',
  'syslog',
  'lpr',
  'news',
  'uucp',
  'cron',
  'authpriv',
  'ftp',
  'ntp',
  'audit',
  'alert',
  'clock',
  'local0',
  'local1',
  'local2',
  'local3',
  'local4',
  'local5',
  'local6',
  'local7',
] as const

/** Index = code. */
export const SEVERITIES = ['emerg', 'alert', 'crit', 'err', 'warning', 'notice', 'info', 'debug'] as const
