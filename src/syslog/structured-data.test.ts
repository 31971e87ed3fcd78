import fc from 'fast-check'
import { expect, test } from 'vitest'
import { structuredData, structuredDataEnd } from './structured-data.ts'

function decode(text: string) {
  const bytes = Buffer.from(text)
  const end = structuredDataEnd(bytes, 0, bytes.length)
  return end < 0 ? null : structuredData(bytes, 0, end)
}

test('escapes are undone, other backslashes stay', () => {
  expect(decode('[id a="x \\"y\\"" b="\\\\" c="[z\\]" d="no \\esc"]')).toEqual({
    id: { a: 'x "y"', b: '\\', c: '[z]', d: 'no \\esc' },
  })
})

test('elements of one id are joined, values of one name too', () => {
  expect(decode('[origin ip="192.0.2.1" ip="192.0.2.129"][x][origin sw="y"]')).toEqual({
    origin: { ip: '192.0.2.1,192.0.2.129', sw: 'y' },
    x: {},
  })
})

test('values without quotes', () => {
  expect(decode('[Originator@6876 sub=Vimsvc.ha opID= user=root]')).toEqual({
    'Originator@6876': { sub: 'Vimsvc.ha', opID: '', user: 'root' },
  })
})

test('names from strangers reach no prototype', () => {
  const data = decode('[__proto__ polluted="yes"][constructor prototype="x" __proto__="y"]')
  expect(Object.keys(data ?? {})).toEqual(['__proto__', 'constructor'])
  expect(JSON.stringify(data)).toBe('{"__proto__":{"polluted":"yes"},"constructor":{"prototype":"x","__proto__":"y"}}')
  expect({}).not.toHaveProperty('polluted')
})

test('bytes that are not UTF-8 become U+FFFD', () => {
  const bytes = Buffer.from('[id a="\xe9"]', 'latin1')
  expect(structuredData(bytes, 0, bytes.length)).toEqual({ id: { a: '\ufffd' } })
})

test.each([
  '',
  '-',
  '[',
  '[]',
  '[ a]',
  '[a',
  '[a ',
  '[a b]',
  '[a b=',
  '[a b="',
  '[a b="c"',
  '[a b="c\\"]',
  '[a"b]',
  '[a=b]',
])('%j is malformed', (text) => expect(decode(text)).toBeNull())

const name = fc.stringMatching(/^[!#-<>-Z^-~[\\]{1,32}$/)
test('whatever is written after RFC 5424 is read back', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.tuple(name, fc.dictionary(name, fc.string({ unit: 'grapheme' }))), {
        minLength: 1,
        selector: ([id]) => id,
      }),
      (elements) => {
        const text = elements
          .map(([id, params]) => {
            const written = Object.entries(params).map(
              ([key, value]) => ` ${key}="${value.replace(/["\\\]]/g, '\\$&')}"`,
            )
            return `[${id}${written.join('')}]`
          })
          .join('')
        const read = decode(text)
        expect(JSON.parse(JSON.stringify(read))).toEqual(JSON.parse(JSON.stringify(Object.fromEntries(elements))))
      },
    ),
  )
})
