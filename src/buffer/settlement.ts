import type { Mark } from '../ledger/marks.ts'
import type { Batch, Outcome, Tally } from './buffer.ts'

/** What the ledger keeps of an outcome. Throws RangeError when outcome, rest and batch don't add up. */
export function markOf(batch: Batch, outcome: Outcome, rest?: Batch): Mark {
  const { output, stream, number, part, count } = batch
  const lost: Record<string, number> = {}
  for (const [, verdict, reason] of outcome.exceptions) if (verdict === 'lost') lost[reason] = (lost[reason] ?? 0) + 1
  const dead = outcome.exceptions.filter(([, verdict]) => verdict === 'dead').length
  const retry = outcome.exceptions.filter(([, verdict]) => verdict === 'retry' || verdict === 'blocked').length
  if (outcome.done + outcome.duplicate + outcome.exceptions.length !== count) {
    throw new RangeError(`the outcome of ${describe(batch)} does not add up to its ${count} events`)
  }
  if (retry !== (rest?.count ?? 0)) {
    throw new RangeError(
      `${retry} events of ${describe(batch)} are to be tried again, the rest holds ${rest?.count ?? 0}`,
    )
  }
  if (rest) {
    const follows = rest.output === output && rest.stream === stream && rest.number === number && rest.part === part + 1
    if (!follows) throw new RangeError(`${describe(rest)} is not the rest of ${describe(batch)}`)
    checkTally(rest)
  }
  const tally = rest ? without(batch.tally, rest.tally) : batch.tally
  const { done, duplicate } = outcome
  return { output, stream, number, part, count, done, duplicate, dead, lost, retry, tally }
}

/** The mark of a batch that will never be delivered. */
export function lostMark(
  batch: Pick<Batch, 'output' | 'stream' | 'number' | 'part' | 'count' | 'tally'>,
  reason: string,
): Mark {
  const { output, stream, number, part, count, tally } = batch
  const lost = { [reason]: count }
  return { output, stream, number, part, count, done: 0, duplicate: 0, dead: 0, lost, retry: 0, tally }
}

/** The ledger closes only if a batch's tally does. */
export function checkTally(batch: Batch): void {
  const events = batch.tally.reduce((sum, [, , n]) => sum + n, 0)
  if (events !== batch.count) throw new RangeError(`the tally of ${describe(batch)} holds ${events} events`)
}

function without(tally: Tally, rest: Tally): Tally {
  const left = new Map(tally.map(([route, host, events]) => [`${route}\0${host}`, { route, host, events }]))
  for (const [route, host, events] of rest) {
    const entry = left.get(`${route}\0${host}`)
    if (!entry || entry.events < events) throw new RangeError(`the rest holds events of ${host} that its batch has not`)
    entry.events -= events
  }
  return [...left.values()].flatMap(({ route, host, events }): Tally => (events > 0 ? [[route, host, events]] : []))
}

function describe({ stream, number, part, output, count }: Batch): string {
  return `batch ${stream}-${number}.${part} for ${output} (${count} events)`
}
