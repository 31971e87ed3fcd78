import type { Batch } from '../buffer.ts'
import { decodeBlob, type KeyLine, parseKeyLine } from './entry.ts'
import { GROUP, keysOf } from './keys.ts'
import type { RedisLink } from './link.ts'
import { entriesOf } from './reader.ts'

/** An entry as it stands in Redis. */
export interface Inspected {
  id: string
  key: KeyLine | undefined
  /** Undefined: it can't be read. */
  batch: Batch | undefined
  storedBytes: number
}

const PAGE = 16

/** All entries of an output in their order, whoever holds them; nothing is taken. */
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
      yield { id, key: parsed, batch, storedBytes: line.byteLength + bytes.byteLength + 100 }
    }
    const last = page.at(-1)
    if (!last || page.length < PAGE) return
    from = `(${last.id}`
  }
}

/** Removes an entry that is safe elsewhere; it is not settled. */
export async function takeOut(link: RedisLink, output: string, { id, key, storedBytes }: Inspected): Promise<void> {
  const { batches, counts, rests } = keysOf(output)
  await link.run((client) =>
    client.sluiceTakeOut(batches, counts, rests, GROUP, id, key?.count ?? 0, key?.bytes ?? 0, storedBytes),
  )
}

/** Keeps an entry that can't be read in the stream of damaged ones, where it is in nobody's way. */
export async function putAside(link: RedisLink, output: string, { id, key, storedBytes }: Inspected): Promise<void> {
  const { batches, counts, rests, damaged, marks } = keysOf(output)
  await link.run((client) =>
    client.sluiceSetAside(
      ...[batches, counts, rests, damaged, marks('command')],
      ...[GROUP, id, key?.count ?? 0, key?.bytes ?? 0, storedBytes, '', ''],
    ),
  )
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
