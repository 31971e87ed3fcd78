import { FLAG_PATTERN_TIMEOUT, FLAG_TRUNCATED } from '../syslog/header.ts'
import { parseHeader, parseWhole } from '../syslog/parse.ts'
import type { Zone } from '../syslog/zone.ts'
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

  /** @param held true for a line with all that was joined to it: it is not to be held again. */
  read(line: ParsedLine, held: boolean): void {
    const { bytes, header, receivedAt } = line
    const note = this.#senders.of(line.sender)
    line.note = note
    let slot = this.#find(line, note, note.zone)
    const hostZone = this.#zones.ofHost(slot.source.host)
    if (hostZone !== null && !this.#whole) slot = this.#find(line, note, hostZone)
    line.slot = slot
    if (line.truncated) header.flags |= FLAG_TRUNCATED
    line.enrichment = null
    line.wanted = this.#wanted(slot)
    line.multiline = line.wanted && !held ? this.#router.multiline(slot) : null
    if (!line.wanted) return
    if (line.multiline !== null) {
      line.continues = this.#router.continues(bytes, header, slot, line.multiline.continues)
      return
    }
    const enriched = this.#router.enrich(bytes, header, slot, receivedAt, hostZone ?? note.zone, line.made)
    if (enriched) line.enrichment = line.made
    if (this.#gaveUp()) header.flags |= FLAG_PATTERN_TIMEOUT
  }

  #find({ bytes, start, end, header, receivedAt }: ParsedLine, note: SenderNote, zone: Zone): Slot {
    if (this.#whole) parseWhole(header, bytes, start, end)
    else parseHeader(header, bytes, start, end, receivedAt, zone)
    return this.#router.find(bytes, header, note)
  }
}
