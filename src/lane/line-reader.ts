import type { Enrichment } from '../dataset/enrichment.ts'
import { FLAG_PATTERN_TIMEOUT, FLAG_TRUNCATED } from '../syslog/header.ts'
import { extendLine, parseHeader, parseWhole } from '../syslog/parse.ts'
import type { Zone } from '../syslog/zone.ts'
import type { HeldLine } from './joiner.ts'
import type { LineRouter } from './line-router.ts'
import type { LaneOptions } from './options.ts'
import type { ParsedLine } from './parsed-line.ts'
import { type SenderNote, SenderNotes } from './senders.ts'
import type { Slot } from './sources.ts'
import { ZoneRules } from './zone-rules.ts'

/**
 * The part of a line's way that looks at it and nothing more: header, source, route, dataset. Reading a line again is
 * of no consequence, so it may be stopped anywhere and begun anew.
 */
export class LineReader {
  readonly #router: LineRouter
  readonly #zones: ZoneRules
  readonly #senders: SenderNotes
  readonly #whole: boolean
  readonly #wanted: (slot: Slot) => boolean
  readonly #gaveUp: () => boolean

  /**
   * @param wanted true when any output gets events of the slot: others are not looked at more closely
   * @param gaveUp whether a pattern was given up over the line at hand
   */
  constructor(
    options: LaneOptions,
    router: LineRouter,
    { wanted, gaveUp }: { wanted: (slot: Slot) => boolean; gaveUp: () => boolean },
  ) {
    this.#router = router
    this.#zones = new ZoneRules(options.timezone, options.senders)
    this.#senders = new SenderNotes(this.#zones)
    this.#whole = options.fixed !== undefined
    this.#wanted = wanted
    this.#gaveUp = gaveUp
  }

  /** Reads a line's header, and finds what is known of such lines. */
  read(line: ParsedLine): void {
    const note = this.#senders.of(line.from)
    line.note = note
    line.zone = note.zone
    let slot = this.#find(line, note, note.zone)
    const hostZone = this.#zones.ofHost(slot.source.host)
    if (hostZone !== null && !this.#whole) {
      line.zone = hostZone
      slot = this.#find(line, note, hostZone)
    }
    if (line.truncated) line.header.flags |= FLAG_TRUNCATED
    line.enrichment = null
    line.wanted = this.#wanted(slot)
    const { enricher } = slot
    line.multiline = line.wanted && enricher !== null ? enricher.multiline : null
  }

  /** Parses the message of a line that was read by its dataset; one that may go on over several lines not yet. */
  parse(line: ParsedLine, enrichment: Enrichment): void {
    if (line.multiline !== null) line.continues = line.multiline.continues.test(line.message())
    else if (line.wanted) this.#enrich(line, enrichment)
  }

  /** Reads a line that was held, with all that was joined to it, to its end. */
  parseHeld({ line, used, lines }: HeldLine, enrichment: Enrichment): void {
    if (lines > 1 && line.note !== null) {
      extendLine(line.header, line.memory.bytes, used)
      line.forgetTexts()
      line.wanted = this.#wanted(this.#router.find(line, line.note))
    }
    line.enrichment = null
    if (line.wanted) this.#enrich(line, enrichment)
  }

  /** Writes what its dataset made of a line that was parsed. */
  write({ enrichment }: ParsedLine): void {
    enrichment?.write()
  }

  #enrich(line: ParsedLine, enrichment: Enrichment): void {
    const enricher = line.slot?.enricher ?? null
    if (enricher?.enrich(line, enrichment)) line.enrichment = enrichment
    if (this.#gaveUp()) line.header.flags |= FLAG_PATTERN_TIMEOUT
  }

  #find(line: ParsedLine, note: SenderNote, zone: Zone): Slot {
    const { start, end, header, receivedAt } = line
    const { bytes } = line.memory
    line.forgetTexts()
    if (this.#whole) parseWhole(header, bytes, start, end)
    else parseHeader(header, bytes, start, end, receivedAt, zone)
    return this.#router.find(line, note)
  }
}
