import { isDeepStrictEqual } from 'node:util'
import { dotted } from '../dataset/dotted.ts'
import type { SideEvent, SideResult } from './side.ts'

/**
 * One difference between what two configs make of a line.
 * - `gone`, `new`: only one of them gives the line's event to an output
 * - `lost`, `gained`, `changed`: a field of it; `field` is its dotted name
 * - `outputs`: others get it
 * - `files`: it goes to other files of the archive
 */
export interface Difference {
  kind: 'gone' | 'new' | 'lost' | 'gained' | 'changed' | 'outputs' | 'files'
  field?: string
  /** Absent: there is none. */
  old?: unknown
  new?: unknown
  line: string
  /** files: so many equal lines. */
  lines?: number
}

/** Times of reception; an id is no part of the event. */
const RECEPTION = new Set(['event.created', 'received_at'])

/** Where two results for the same lines differ, in the order of the lines; files last. */
export function* differencesOf(before: SideResult, after: SideResult): Generator<Difference> {
  for (const [id, event] of before.events) {
    const other = after.events.get(id)
    if (other === undefined) yield { kind: 'gone', old: event.outputs, line: lineOf(parse(event)) }
    else if (!event.document.equals(other.document) || !isDeepStrictEqual(event.outputs, other.outputs)) {
      yield* betweenEvents(event, other)
    }
  }
  for (const [id, event] of after.events) {
    if (!before.events.has(id)) yield { kind: 'new', new: event.outputs, line: lineOf(parse(event)) }
  }
  yield* betweenFiles(before.files, after.files)
}

function* betweenEvents(before: SideEvent, after: SideEvent): Generator<Difference> {
  const old = parse(before)
  const now = parse(after)
  const line = lineOf(old)
  if (!isDeepStrictEqual(before.outputs, after.outputs)) {
    yield { kind: 'outputs', old: before.outputs, new: after.outputs, line }
  }
  for (const [field, value] of Object.entries(old)) {
    if (RECEPTION.has(field)) continue
    if (!Object.hasOwn(now, field)) yield { kind: 'lost', field, old: value, line }
    else if (!isDeepStrictEqual(value, now[field])) yield { kind: 'changed', field, old: value, new: now[field], line }
  }
  for (const [field, value] of Object.entries(now)) {
    if (!Object.hasOwn(old, field) && !RECEPTION.has(field)) yield { kind: 'gained', field, new: value, line }
  }
}

function* betweenFiles(before: SideResult['files'], after: SideResult['files']): Generator<Difference> {
  for (const line of new Set([...before.keys(), ...after.keys()])) {
    const old = before.get(line)?.sort()
    const now = after.get(line)?.sort()
    if (isDeepStrictEqual(old, now)) continue
    yield {
      kind: 'files',
      ...(old === undefined ? {} : { old: once(old) }),
      ...(now === undefined ? {} : { new: once(now) }),
      line,
      lines: Math.max(linesOf(old), linesOf(now)),
    }
  }
}

function once(paths: readonly string[]): string[] {
  return [...new Set(paths)]
}

/** Equal lines go to the same files, each once. */
function linesOf(paths: readonly string[] = []): number {
  return Math.ceil(paths.length / Math.max(1, once(paths).length))
}

function parse({ document }: SideEvent): Record<string, unknown> {
  return dotted(JSON.parse(document.toString()))
}

function lineOf(event: Readonly<Record<string, unknown>>): string {
  return String(event['event.original'] ?? event.message ?? '')
}
