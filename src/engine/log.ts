import { Writable } from 'node:stream'
import pino, { type Logger } from 'pino'
import { z } from 'zod'

export type { Logger }

const Entry = z.looseObject({ level: z.number(), time: z.number(), msg: z.string().optional() })
const NAMES: Record<number, string> = { 10: 'trace', 20: 'debug', 30: 'info', 40: 'warn', 50: 'error', 60: 'fatal' }

/** sluice's own log, on stderr: JSON lines for machines, or one readable line a happening for people. */
export function makeLog(format: 'text' | 'json'): Logger {
  const options = { base: null, level: 'info' }
  if (format === 'json') return pino(options, pino.destination({ fd: 2, sync: true }))
  return pino(options, textStream())
}

/** `03:14:21 warn  what happened  key=value …`. Happenings are few, so being written twice costs nothing that counts. */
function textStream(): Writable {
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      const { level, time, msg, ...rest } = Entry.parse(JSON.parse(chunk.toString()))
      const details = Object.entries(rest).map(([key, value]) => `  ${key}=${shown(value)}`)
      const clock = new Date(time).toTimeString().slice(0, 8)
      process.stderr.write(`${clock} ${(NAMES[level] ?? '').padEnd(5)} ${msg ?? ''}${details.join('')}\n`)
      done()
    },
  })
}

/** Quoted where it is not one plain word: names of hosts and files come from strangers. */
function shown(value: unknown): string {
  return typeof value === 'string' && /^[\w.:/@-]+$/.test(value) ? value : JSON.stringify(value)
}
