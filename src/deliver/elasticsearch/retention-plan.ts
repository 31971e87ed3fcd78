import { formatIndex } from '../../lane/index-name.ts'

/** A time that a name stands for: from midnight (UTC) to midnight, ms since the epoch. */
export interface Period {
  from: number
  to: number
}

/** One index of ours, as it stands in the cluster. */
export interface KeptIndex extends Period {
  name: string
  /** Of all copies together. */
  bytes: number
  events: number
}

export interface RetentionRules {
  /** Whole days kept besides today. */
  days?: number | undefined
  /** Bytes that the indices may take together, copies included. */
  size?: number | undefined
}

export interface Removal {
  index: KeptIndex
  rule: 'days' | 'size'
}

export interface RetentionPlan {
  /** To be removed, the oldest first. */
  gone: Removal[]
  /** The rules would have them removed, and events that wait may still go there. */
  held: Removal[]
  /** Bytes before and after. */
  before: number
  after: number
}

const DAY = 86_400_000
/** How far an event's own time may lie before its reception to keep the day of that time from being removed. */
const LATENESS = 3_600_000

/**
 * What the rules remove, whole indices, the oldest first.
 *
 * An index stays while events that wait may belong to it: those were received at `oldest` or later, so that everything
 * from that day on (an hour's lateness granted) is held, today always. Events may claim to be up to 30 days older than
 * their reception. If those counted, nothing younger than a month could ever be removed; so they make a small new index
 * when they come, which the next pass removes as it would have removed them in time.
 *
 * @param oldest reception of the oldest event in the buffer, ms since the epoch; undefined: none waits.
 */
export function planRetention(
  indices: readonly KeptIndex[],
  { days, size }: RetentionRules,
  { now, oldest = now }: { now: number; oldest?: number | undefined },
): RetentionPlan {
  const limit = days === undefined ? Number.NEGATIVE_INFINITY : midnight(now) - days * DAY
  const needed = midnight(Math.min(now, oldest) - LATENESS)
  const before = indices.reduce((sum, { bytes }) => sum + bytes, 0)
  const plan: RetentionPlan = { gone: [], held: [], before, after: before }
  let over = before - (size ?? Number.POSITIVE_INFINITY)
  for (const index of indices.toSorted((a, b) => a.from - b.from || (a.name < b.name ? -1 : 1))) {
    const rule = index.to <= limit ? 'days' : over > 0 ? 'size' : undefined
    if (rule === undefined) continue
    over -= index.bytes
    if (index.to > needed) {
      plan.held.push({ index, rule })
    } else {
      plan.gone.push({ index, rule })
      plan.after -= index.bytes
    }
  }
  return plan
}

function midnight(time: number): number {
  return Math.floor(time / DAY) * DAY
}

/**
 * The time that an index of this name holds, when it is exactly what the pattern makes of a date; otherwise null.
 * `syslog-%Y.%m` names months, `syslog-%Y` years.
 */
export function periodOf(pattern: string, name: string): Period | null {
  const order: string[] = []
  const regex = pattern.replaceAll(/%[Ymd%]|[^%]+/g, (part) => {
    if (part === '%%' || !part.startsWith('%')) return RegExp.escape(part === '%%' ? '%' : part)
    order.push(part)
    return part === '%Y' ? '(\\d{4})' : '(\\d\\d)'
  })
  const values = new RegExp(`^${regex}$`).exec(name)?.slice(1)
  const of = (field: string) => Number(values?.[order.indexOf(field)])
  const year = of('%Y')
  if (Number.isNaN(year)) return null
  const month = of('%m') || 1
  const day = of('%d') || 1
  const from = Date.UTC(year, month - 1, day)
  const to = order.includes('%d')
    ? from + DAY
    : order.includes('%m')
      ? Date.UTC(year, month, 1)
      : Date.UTC(year + 1, 0, 1)
  // What is no date (month 13, the 30th of February) comes out as another name.
  return formatIndex(pattern, from) === name ? { from, to } : null
}
