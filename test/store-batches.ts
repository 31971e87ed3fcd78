import type { Batch } from '../src/buffer/buffer.ts'

export const BATCHES = 20
export const EVENTS = 50
/** In each batch the document at this index is none that DuckDB takes. */
export const BAD = 7

const START = Date.UTC(2026, 10, 23, 12)

/** The same bytes for the same number. */
export function storeBatch(number: number): Batch {
  let body = ''
  for (let index = 0; index < EVENTS; index++) {
    const time = new Date(START + number * 1000 + index).toISOString()
    const message = `event ${number}-${index} ${'padding '.repeat(10)}`
    const doc = { '@timestamp': time, message, event: { created: time }, host: { name: 'web1' } }
    body += `{"create":{"_index":"syslog-2026.11.23","_id":"${idOf(number, index)}"}}\n`
    body += `${index === BAD ? '{"message":' : JSON.stringify(doc)}\n`
  }
  return {
    stream: '00000000000000aa',
    number,
    part: 0,
    output: 'store',
    count: EVENTS,
    body: Buffer.from(body),
    tally: [],
    received: { from: START, to: START },
  }
}

export function idOf(number: number, index: number): string {
  return `00000000000000aa-${number}-${index}`
}
