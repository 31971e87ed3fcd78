import type { ArchiveHappening } from '../archive/archive.ts'
import type { Happening as StoreHappening } from '../deliver/store/happening.ts'
import type { Happening } from '../ledger/happening.ts'
import type { TailHappening } from '../receive/tail/tail.ts'
import type { Logger } from './log.ts'

/** What the parts tell as it happens, as lines of sluice's own log. The parts have moved their counters themselves. */

export const filesHappened = (log: Logger) => (happening: Happening) => {
  const { kind, text, ...details } = happening
  log[kind === 'stray' ? 'info' : 'warn'](details, text)
}

export const archiveHappened = (log: Logger) => (happening: ArchiveHappening) => {
  if (happening.kind === 'overflowed') {
    const { root, lines } = happening
    log.warn({ root, lines }, 'too many new archive files a minute: lines went to _overflow.log')
  } else {
    const { path, reason, message, lines } = happening
    log.warn({ path, reason, lines }, `the archive could not write: ${message}`)
  }
}

export const storeHappened = (log: Logger) => (happening: StoreHappening) => {
  const { kind, ...details } = happening
  if (kind === 'sealed') log.debug(details, 'store: a part is finished')
  else if (kind === 'expired') log.info(details, 'store: a day was removed by the retention rule')
  else if (kind === 'damaged') log.error(details, 'store: a damaged file was set aside')
  else if (kind === 'missing') log.error(details, 'store: a part is gone')
  else log.warn(details, 'store: will be tried again')
}

export const tailHappened = (log: Logger) => (happening: TailHappening) => {
  const { kind, path, message } = happening
  log.warn({ path, kind }, `tail: ${message}`)
}
