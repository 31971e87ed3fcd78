import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { newStream } from '../../event/ids.ts'
import { type Lock, lockDirectory } from '../../ledger/lock.ts'
import { Marks } from '../../ledger/marks.ts'
import { StreamFile } from '../../ledger/stream-file.ts'
import type { Batch, Depth } from '../buffer.ts'
import { DiskBuffer, quarantineOf } from '../disk/disk.ts'
import { lockBuffer } from '../disk/lock.ts'
import { type BufferView, describe, type Waiting } from './view.ts'

export interface DiskPlace {
  /** Data directory: what is settled of the segments stands in its ledger. */
  data: string
  /** Directory of the segments. */
  path: string
  /** Bytes on disk, per output. */
  size: number
}

/** The directory of a sluice that does not run: opened as a start of it would, under its locks. */
export class DiskView implements BufferView {
  readonly name: string
  readonly #data: string
  readonly #disk: DiskBuffer
  readonly #end: () => Promise<void>
  /** What a start of this view puts here, a stream for each output. */
  readonly #arrivals = new Map<string, Arrivals>()

  private constructor(place: DiskPlace, disk: DiskBuffer, end: () => Promise<void>) {
    this.name = place.path
    this.#data = place.data
    this.#disk = disk
    this.#end = end
  }

  /** Throws UserError when a process has one of the directories. What is damaged is told to `tell`, and set aside. */
  static async open(place: DiskPlace, tell: (text: string) => void): Promise<DiskView> {
    const { data, path, size } = place
    await using opened = new AsyncDisposableStack()
    const keep = (lock: Lock) => opened.defer(() => lock.release())
    keep(await lockDirectory(data))
    keep(await lockBuffer(path, data))
    const onHappening = ({ text }: { text: string }) => tell(text)
    const marks = await Marks.open(join(data, 'ledger'), { onHappening })
    opened.defer(() => marks.close())
    const disk = await DiskBuffer.open({ path, size, age: Infinity, sync: 'batch', marks, onHappening })
    opened.defer(() => disk.close())
    const all = opened.move()
    return new DiskView(place, disk, () => all.disposeAsync())
  }

  async outputs(): Promise<string[]> {
    return this.#disk.outputs().sort()
  }

  depth(output: string): Promise<Depth> {
    return this.#disk.depth(output)
  }

  async notes(output: string): Promise<string[]> {
    const gaps = this.#disk.gaps().filter((gap) => gap.output === output)
    const missing = gaps.reduce((sum, { from, to }) => sum + to - from + 1, 0)
    const quarantine = quarantineOf(this.name, output)
    const aside = await readdir(quarantine).catch(() => [])
    return [
      ...(missing > 0 ? [`batches missing between others: ${missing}`] : []),
      ...(aside.length > 0 ? [`damaged, set aside in ${quarantine}: ${aside.length}`] : []),
    ]
  }

  async *waiting(output: string): AsyncGenerator<Waiting> {
    for await (const { key, batch, takeOut, setAside } of this.#disk.inspect(output)) {
      const aside = async () => {
        await setAside()
        return quarantineOf(this.name, output)
      }
      yield { what: describe(key), batch, takeOut, setAside: aside }
    }
  }

  /**
   * Under a stream of its own, since numbers of the batch's own may be settled here; its events keep their ids. The
   * ledger of the directory receives them as from an input.
   */
  async put(batch: Batch): Promise<void> {
    let arrivals = this.#arrivals.get(batch.output)
    if (!arrivals) {
      const streams = join(this.#data, 'ledger', 'streams')
      await mkdir(streams, { recursive: true })
      arrivals = new Arrivals(streams, batch.output)
      this.#arrivals.set(batch.output, arrivals)
    }
    const { positions: _, ...moved } = batch
    await this.#disk.append({ ...moved, ...arrivals.next(), part: 0 })
    arrivals.count(batch)
  }

  async close(): Promise<void> {
    for (const arrivals of this.#arrivals.values()) arrivals.close()
    await this.#end()
  }
}

/** The ledger's account of batches that were moved here. */
class Arrivals {
  readonly #stream = newStream()
  readonly #file: StreamFile
  #number = 0
  #events = 0
  #bytes = 0

  constructor(streams: string, output: string) {
    const meta = { stream: this.#stream, input: 'sluice buffer move', lane: 0, started: Date.now() }
    this.#file = StreamFile.create(streams, meta, ['received', 'bytes', 'refused', `skipped:${output}`])
  }

  next(): { stream: string; number: number } {
    return { stream: this.#stream, number: ++this.#number }
  }

  /** After the append: a crash in between leaves more waiting than was received, which the next start mends. */
  count({ count, body }: Batch): void {
    this.#events += count
    this.#bytes += body.byteLength
    this.#file.set(0, this.#events)
    this.#file.set(1, this.#bytes)
    this.#file.write()
  }

  close(): void {
    this.#file.close()
  }
}
