import type { Ranges, Rx } from './ast.ts'
import { complement } from './classes.ts'

/**
 * Whether a repetition repeats another one so that the same text can be cut up in many ways, as `(a+)+` does: such a
 * pattern takes exponential time on a text that nearly matches. A guess on the safe side of quiet: `(\d+\.)+` has only
 * one way and is fine.
 */
export function canRunAway(rx: Rx): boolean {
  if (rx.kind === 'repeat' && rx.mode !== 'possessive' && rx.max > 10 && isAmbiguous(rx.of)) return true
  if (rx.kind === 'atomic') return false
  return parts(rx).some(canRunAway)
}

function isAmbiguous(body: Rx): boolean {
  if (body.kind === 'capture') return isAmbiguous(body.of)
  if (body.kind === 'alternatives') {
    return body.options.some((option, i) => {
      const later = body.options.slice(i + 1)
      return isAmbiguous(option) || later.some((other) => overlap(first(option), first(other)))
    })
  }
  const items = body.kind === 'sequence' ? body.items : [body]
  return items.some((item, i) => {
    if (item.kind === 'capture' || item.kind === 'alternatives') return items.length === 1 && isAmbiguous(item)
    if (item.kind !== 'repeat' || item.max !== Infinity || item.mode === 'possessive') return false
    // Something that has to stand between two rounds, and that the inner repetition can't be, fixes the cuts.
    const others = items.filter((_, j) => j !== i)
    return !others.some((other) => isMandatory(other) && !overlap(first(other), first(item.of)))
  })
}

function parts(rx: Rx): readonly Rx[] {
  if (rx.kind === 'sequence') return rx.items
  if (rx.kind === 'alternatives') return rx.options
  return 'of' in rx ? [rx.of] : []
}

function isMandatory(rx: Rx): boolean {
  if (rx.kind === 'repeat') return rx.min > 0 && isMandatory(rx.of)
  if (rx.kind === 'capture') return isMandatory(rx.of)
  return rx.kind === 'char' || rx.kind === 'set' || rx.kind === 'property' || rx.kind === 'sequence'
}

/** The characters that it can begin with; null: not known, so any. */
function first(rx: Rx): Ranges | null {
  switch (rx.kind) {
    case 'char':
      return [[rx.code, rx.code]]
    case 'set':
      return rx.negated ? complement(rx.ranges) : rx.ranges
    case 'capture':
      return first(rx.of)
    case 'repeat':
      return rx.min > 0 ? first(rx.of) : null
    case 'sequence':
      return rx.items[0] === undefined ? null : first(rx.items[0])
    default:
      return null
  }
}

function overlap(a: Ranges | null, b: Ranges | null): boolean {
  if (a === null || b === null) return true
  return a.some(([from, to]) => b.some(([first, last]) => from <= last && first <= to))
}
