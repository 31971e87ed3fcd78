/**
 * What a buffer or the ledger's own files tell about themselves, as it happens. The owner writes the log line and moves
 * the counter; `text` is a whole sentence for people.
 */
export interface Happening {
  kind:
    | 'damaged' // bytes that can't be read were set aside; `events` where the record's header could still be read
    | 'torn' // the last record of a file was not written to its end: never acknowledged, set aside
    | 'stray' // a file that does not belong where it is
    | 'expired' // batches over age were discarded
    | 'write_failed' // a write or sync failed; it is tried again
    | 'positions_lost' // the file of reading positions is unreadable
    | 'marks_lost' // no snapshot of the settled batches could be read
    | 'dead_letters_full' // an output's dead letters take no more
    | 'buffer_down' // a buffer on another machine can't be reached, or takes nothing
    | 'buffer_up' // it is well again
    | 'buffer_switched' // batches go to another one from now on
    | 'single_copy' // a mirror has one copy of new batches only, or two again
    | 'buffer_advice' // something about its configuration puts batches at risk
    | 'buffer_lost' // batches that it held are gone
  text: string
  file?: string
  output?: string
  events?: number
}

export type OnHappening = (happening: Happening) => void
