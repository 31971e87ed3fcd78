import { CAPTURE_START } from '../receive/capture.ts'

/** What a file to replay contains. */
export type Format = 'lines' | 'hex' | 'capture' | 'json'

export const FORMATS: readonly Format[] = ['lines', 'hex', 'capture', 'json']

/** Tells the format by the first bytes of a file; whatever is nothing else is a log of lines. */
export function detectFormat(head: Buffer): Format {
  const text = head
    .toString('latin1')
    .replace(/^\u00ef\u00bb\u00bf/, '')
    .trimStart()
  if (text.startsWith(CAPTURE_START)) return 'capture'
  // `[Mon Dec 26 16:15:55 2016]` (Apache) and `{not json` are lines.
  if (/^\{\s*["}]/.test(text) || /^\[\s*[[{\]]/.test(text)) return 'json'
  return isHex(text) ? 'hex' : 'lines'
}

/** Every whole line consists of pairs of hex digits, four bytes at least. */
function isHex(text: string): boolean {
  const lines = text.split(/\r?\n/)
  // The last one may go on in the next chunk: any number of digits will do.
  const last = lines.pop() ?? ''
  if (lines.length === 0) return /^(?:[0-9a-f]{2}){4,}[0-9a-f]?$/i.test(last)
  return (
    /^[0-9a-f]*$/i.test(last) &&
    lines.every((line) => line === '' || /^(?:[0-9a-f]{2}){4,}$/i.test(line)) &&
    lines.some(Boolean)
  )
}
