import { eventsOf } from '../deliver/bulk-lines.ts'
import { Lane } from '../lane/lane.ts'
import type { LaneOptions } from '../lane/options.ts'
import type { RecordedLine } from '../replay/recording.ts'

/** An event as one config made it. */
export interface SideEvent {
  /** The JSON document. */
  document: Buffer
  /** Outputs that it goes to. */
  outputs: string[]
}

/** What a config made of some lines. */
export interface SideResult {
  /** By id. As both sides number their lines alike, events of one line have one id. */
  events: Map<string, SideEvent>
  /** Paths of the files that a line goes to, by its text; of equal lines, one list after the other. */
  files: Map<string, string[]>
}

const ACCOUNT = /^(?:dropped:|skipped:|archived_only$|joined$)/
const ID = Buffer.from('"_id":"')
const LINE_FEED = 0x0a

/** One of the two configs: a lane whose events and archive lines stay here. */
export class Side {
  readonly #lane: Lane
  #result: SideResult = nothing()
  /** Lines that no output got, by why; a rule's name, for what it dropped. */
  readonly account: Record<string, number> = {}

  /** @param options with the stream that the other side has too */
  constructor(options: LaneOptions) {
    this.#lane = new Lane(options, {
      batch: ({ output, body }) => {
        const bytes = Buffer.from(body.buffer, body.byteOffset, body.length)
        for (const place of eventsOf(bytes)) this.#event(output, bytes, place)
        this.#lane.giveBack(null)
      },
      archive: (parts) => {
        for (const { path, bytes } of parts) this.#archived(path, Buffer.from(bytes))
      },
      seen() {},
      positions() {},
      counters: (values) => {
        for (const [i, name] of this.#lane.counters.names.entries())
          if (ACCOUNT.test(name)) this.account[name] = values[i]
      },
      captureStopped() {},
    })
  }

  push({ bytes, start, end, sender, receivedAt }: RecordedLine): void {
    this.#lane.push(bytes, start, end, sender, receivedAt)
  }

  /** What became of the lines since the last call. Lines that are held back for one to follow are given out. */
  take(): SideResult {
    this.#lane.flush()
    const result = this.#result
    this.#result = nothing()
    return result
  }

  #event(
    output: string,
    bytes: Buffer,
    { actionStart, documentStart, documentEnd }: { actionStart: number; documentStart: number; documentEnd: number },
  ): void {
    const idStart = bytes.indexOf(ID, actionStart) + ID.length
    const id = bytes.toString('latin1', idStart, bytes.indexOf('"', idStart))
    const event = this.#result.events.get(id)
    if (event !== undefined) event.outputs.push(output)
    else {
      const document = Buffer.from(bytes.subarray(documentStart, documentEnd))
      this.#result.events.set(id, { document, outputs: [output] })
    }
  }

  #archived(path: string, bytes: Buffer): void {
    const { files } = this.#result
    let start = 0
    for (let end = bytes.indexOf(LINE_FEED); end >= 0; end = bytes.indexOf(LINE_FEED, start)) {
      const line = bytes.toString('utf8', start, end)
      const paths = files.get(line)
      if (paths === undefined) files.set(line, [path])
      else paths.push(path)
      start = end + 1
    }
  }
}

function nothing(): SideResult {
  return { events: new Map(), files: new Map() }
}
