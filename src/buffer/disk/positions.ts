import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { errorCode, messageOf, replaceFile } from '../../ledger/files.ts'
import type { OnHappening } from '../../ledger/happening.ts'
import { setAside } from '../../ledger/quarantine.ts'
import { fileHeader, readBody, recordHead, scan } from '../../ledger/records.ts'

const KIND = 'SLPS'
const NAME = 'positions'

type Saved = [key: string, order: number, value: unknown][]

/**
 * The latest reading position by key. The segments carry them; the file `positions` takes over those whose segment is
 * deleted. Without the file, inputs whose segments are gone begin where a file seen for the first time is begun.
 */
export class Positions {
  readonly #directory: string
  readonly #latest = new Map<string, { order: number; value: unknown }>()
  /** Positions up to this order are in the file. */
  #saved = 0
  #saving: Promise<void> = Promise.resolve()

  private constructor(directory: string) {
    this.#directory = directory
  }

  static async open(directory: string, onHappening?: OnHappening): Promise<Positions> {
    const positions = new Positions(directory)
    const path = join(directory, NAME)
    try {
      const file = await open(path, 'r')
      try {
        for await (const found of scan(file, KIND)) {
          const body = found.kind === 'record' ? await readBody(file, found) : undefined
          if (body) positions.#load(JSON.parse(body.toString()))
        }
        if (positions.#saved === 0) {
          const { copy, isNew } = await setAside(file, path, 0, (await file.stat()).size)
          const text = `${path} is damaged, set aside as ${copy}: files may be read again from their beginning`
          if (isNew) onHappening?.({ kind: 'positions_lost', text, file: copy })
        }
      } finally {
        await file.close()
      }
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') {
        onHappening?.({ kind: 'positions_lost', text: `${path} can't be read (${messageOf(error)})`, file: path })
      }
    }
    return positions
  }

  /** The highest order that the file knows of. */
  get saved(): number {
    return this.#saved
  }

  /** Takes over what a durable batch carried. A null forgets the key. */
  take(positions: Record<string, unknown>, order: number): void {
    for (const [key, value] of Object.entries(positions)) {
      if (order >= (this.#latest.get(key)?.order ?? 0)) this.#latest.set(key, { order, value })
    }
  }

  latest(): Map<string, unknown> {
    const live = [...this.#latest].filter(([, { value }]) => value !== null)
    return new Map(live.map(([key, { value }]) => [key, value]))
  }

  /** Makes the positions up to `order` safe without the segments that carried them. */
  async save(order: number): Promise<void> {
    if (order <= this.#saved) return
    this.#saving = this.#saving.catch(() => {}).then(() => (order <= this.#saved ? undefined : this.#write()))
    await this.#saving
  }

  async #write() {
    const saved: Saved = []
    let upTo = this.#saved
    for (const [key, { order, value }] of this.#latest) {
      upTo = Math.max(upTo, order)
      // What is forgotten must not come back from an older segment; once saved, those are on their way out too.
      saved.push([key, order, value])
    }
    const body = Buffer.from(JSON.stringify({ upTo, saved }))
    await replaceFile(this.#directory, NAME, [fileHeader(KIND), recordHead('{}', body), body])
    this.#saved = upTo
  }

  #load({ upTo, saved }: { upTo: number; saved: Saved }) {
    for (const [key, order, value] of saved) this.#latest.set(key, { order, value })
    this.#saved = upTo
  }
}
