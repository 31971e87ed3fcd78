import { UserError } from '../../errors.ts'
import type { Batch } from '../buffer.ts'
import { decodeBlob, isNewer, type KeyLine, parseKeyLine } from './entry.ts'
import { GROUP, keysOf, REMEMBERED } from './keys.ts'
import type { RedisLink } from './link.ts'
import { entriesOf } from './reader.ts'
import { setAside } from './set-aside.ts'

/** An entry as it stands in Redis. */
export interface Inspected {
  id: string
  key: KeyLine | undefined
  /** Undefined: it can't be read. */
  batch: Batch | undefined
  storedBytes: number
}

const PAGE = 16

/** All entries of an output in their order, whoever holds them; nothing is taken. Throws UserError at a newer sluice's. */
export async function* inspect(link: RedisLink, output: string): AsyncGenerator<Inspected> {
  const { batches, rests } = keysOf(output)
  for (let from = '-'; ; ) {
    const page = entriesOf(await link.run((client) => client.xrangeBuffer(batches, from, '+', 'COUNT', PAGE)))
    for (const { id, key, blob } of page) {
      const [restKey, restBlob] = await link.run((client) => client.hmgetBuffer(rests, `${id}:k`, id))
      const line = restKey ?? key ?? Buffer.alloc(0)
      const bytes = restBlob ?? blob ?? Buffer.alloc(0)
      const parsed = parseKeyLine(line.toString('latin1'))
      const batch = parsed && decodeBlob(bytes, parsed, output)
      if (!batch) refuseNewer(bytes, link)
      yield { id, key: parsed, batch, storedBytes: line.byteLength + bytes.byteLength + 100 }
    }
    const last = page.at(-1)
    if (!last || page.length < PAGE) return
    from = `(${last.id}`
  }
}

/** A copy of a batch that stands in another Redis. */
export interface InspectedCopy {
  /** 'stream number' */
  field: string
  key: KeyLine | undefined
  /** Undefined: it can't be read. */
  batch: Batch | undefined
}

/** All copies for an output, those that are due first come first. */
export async function* inspectCopies(link: RedisLink, output: string): AsyncGenerator<InspectedCopy> {
  const { copies, copiesDue } = keysOf(output)
  const fields = await link.run((client) => client.zrange(copiesDue, 0, '-1'))
  for (const field of fields) {
    const [line, blob] = await link.run((client) => client.hmgetBuffer(copies, `${field}:k`, field))
    // Settled meanwhile.
    if (!line) continue
    const text = line.toString('latin1')
    const key = parseKeyLine(text.slice(0, text.lastIndexOf(' ')))
    const batch = key && blob ? decodeBlob(blob, key, output) : undefined
    if (!batch && blob) refuseNewer(blob, link)
    yield { field, key, batch }
  }
}

/** Its batches are not damaged: nothing may be done with them that a newer version would do otherwise. */
function refuseNewer(blob: Buffer, { name }: RedisLink): void {
  if (isNewer(blob)) throw new UserError(`${name} holds batches that a newer sluice has written: use that version.`)
}

/** Keeps a copy that can't be read among what is damaged; resolves with the key of that. */
export async function putCopyAside(link: RedisLink, output: string, field: string): Promise<string> {
  const { copies, copiesDue, copiesCounts, damaged } = keysOf(output)
  const [line, blob] = await link.run((client) => client.hmgetBuffer(copies, `${field}:k`, field))
  await link.run((client) =>
    client.xadd(damaged, 'MAXLEN', '~', 1000, '*', 'from', `copy ${field}`, 'k', line ?? '', 'b', blob ?? ''),
  )
  await link.run((client) => client.sluiceDropCopy(copies, copiesDue, copiesCounts, field))
  return damaged
}

/** Removes an entry that is safe elsewhere; it is not settled. False: it was gone. */
export async function takeOut(link: RedisLink, output: string, { id, key, storedBytes }: Inspected): Promise<boolean> {
  const { batches, counts, rests, moved } = keysOf(output)
  const removed = await link.run((client) =>
    client.sluiceTakeOut(
      ...[batches, counts, rests, moved(key?.stream ?? '')],
      ...[GROUP, id, key?.count ?? 0, key?.bytes ?? 0, storedBytes, key?.number ?? 0, REMEMBERED],
    ),
  )
  return removed === 1
}

/** Keeps an entry that can't be read in the stream of damaged ones, where it is in nobody's way. */
export async function putAside(link: RedisLink, output: string, { id, key, storedBytes }: Inspected): Promise<void> {
  const unknown = { stream: '', number: 0, part: 0, count: 0, bytes: 0 }
  await setAside(link, output, { ...(key ?? unknown), id, storedBytes }, undefined)
}

/** Who takes batches of an output from there. */
export interface Shipper {
  name: string
  /** Batches in its hands. */
  leased: number
  /** ms since it last asked for anything. */
  idle: number
}

export async function shippersOf(link: RedisLink, output: string): Promise<Shipper[]> {
  let answer: unknown
  try {
    answer = await link.run((client) => client.xinfo('CONSUMERS', keysOf(output).batches, GROUP))
  } catch (error) {
    // No shipper has ever come.
    if (error instanceof Error && /NOGROUP|no such key/.test(error.message)) return []
    throw error
  }
  return (Array.isArray(answer) ? answer : []).map((row: unknown) => {
    const fields: unknown[] = Array.isArray(row) ? row : []
    const field = (name: string) => fields[fields.indexOf(name) + 1]
    return { name: String(field('name')), leased: Number(field('pending')), idle: Number(field('idle')) }
  })
}
