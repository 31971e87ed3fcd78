import fc from 'fast-check'
import { expect, test } from 'vitest'
import { UserError } from '../errors.ts'
import type { Format } from './format.ts'
import { detectFormat } from './format.ts'
import { readDatagrams } from './read.ts'

async function read(text: string | Buffer, options: { format?: Format; pri?: number; chunk?: number } = {}) {
  const bytes = Buffer.from(text)
  const chunks = (async function* () {
    const size = options.chunk ?? 1 << 16
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
  })()
  const input = { path: '-', name: 'input', size: null, position: () => 0, head: bytes.subarray(0, 1 << 16), chunks }
  const sent: string[] = []
  const times: number[] = []
  const skipped: Record<string, number> = {}
  const found = readDatagrams(input, {
    format: options.format,
    pri: options.pri ?? null,
    skipped(count, what) {
      skipped[what] = (skipped[what] ?? 0) + count
    },
  })
  for await (const datagrams of found) {
    for (let i = 0; i < datagrams.count; i++) sent.push(datagrams.at(i).toString('latin1'))
    times.push(...datagrams.times)
  }
  return { sent, times, skipped }
}

test('the format is seen by the content', () => {
  const cases: [string, Format][] = [
    ['Nov 23 03:14:23 web1 app: x\n', 'lines'],
    ['[Mon Dec 26 16:15:55 2016] [core:notice] x\n', 'lines'],
    ['{not json}\n', 'lines'],
    ['', 'lines'],
    ['deadbeef is no hex line\n', 'lines'],
    ['3c31333e61\n3c31333e\n', 'hex'],
    ['{"sluice":"capture","version":1}\n', 'capture'],
    ['\n{"sluice":"capture","version":1}\n', 'capture'],
    ['{"message":"x"}\n', 'json'],
    [' [\n {"message":"x"}]', 'json'],
    ['\ufeff{"took":5}', 'json'],
  ]
  for (const [text, format] of cases) expect([text, detectFormat(Buffer.from(text))]).toEqual([text, format])
})

test('lines are sent as they are, without line ends; blank ones are none', async () => {
  const { sent } = await read('<13>one\r\ntwo  \n\n\r\n\xa0three')
  expect(sent).toEqual(['<13>one', 'two  ', Buffer.from('\xa0three').toString('latin1')])
})

test('--pri goes before lines that have none', async () => {
  expect((await read('<13>one\ntwo\n<x>three\n<1234>four', { pri: 134 })).sent).toEqual([
    '<13>one',
    '<134>two',
    '<134><x>three',
    '<134><1234>four',
  ])
})

test('lines are the same however the bytes are cut into chunks', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.stringMatching(/^[a-z \r]{0,12}$/)),
      fc.integer({ min: 1, max: 9 }),
      async (lines, chunk) => {
        const text = lines.join('\n')
        const wanted = text
          .split('\n')
          .map((line) => line.replace(/\r$/, ''))
          .filter((line) => line !== '')
        expect((await read(text, { chunk, format: 'lines' })).sent).toEqual(wanted)
      },
    ),
    { numRuns: 200 },
  )
})

test('a file without line ends does not fill the memory', async () => {
  await expect(read(Buffer.alloc(20 << 20, 'x'))).rejects.toThrow('input:1: a line of more than 16 MiB')
})

test('hex lines are datagrams; a broken one is told with its number', async () => {
  expect((await read('3c31333e0aff\n\n00000000\n')).sent).toEqual(['<13>\n\xff', '\0\0\0\0'])
  await expect(read('00000000\n\n3c3', { format: 'hex' })).rejects.toThrow('input:3: not pairs of hex digits: "3c3"')
})

test('JSON events: one after another, in arrays, in search responses', async () => {
  const hit = (n: number) => `{"_id":"${n}","_source":{"message":"m${n}","hits":{"hits":1}}}`
  const response = (...n: number[]) =>
    `{"_scroll_id":"x","hits":{"total":{"value":2},"hits":[${n.map(hit)}],"max_score":[1,{"a":[]}]},"aggregations":{"x":[{}]}}`
  const documents = ['m1', 'm2', 'm3']
  for (const text of [
    `${hit(1)}\n${hit(2)}\n\n${hit(3)}`,
    `[${hit(1)},${hit(2)},[${hit(3)}]]`,
    response(1, 2, 3),
    `${response(1, 2)}\n${response()}\n${response(3)}\n`,
    `[${response(1)},${response(2, 3)}]`,
  ]) {
    for (const chunk of [1, 7, 65_536]) expect((await read(text, { chunk, format: 'json' })).sent).toEqual(documents)
  }
})

test('what has no text is counted, not sent', async () => {
  const { sent, skipped } = await read('[{"message":"a"}, 5, null, {"create":{"_index":"x"}}]')
  expect(sent).toEqual(['a'])
  expect(skipped).toEqual({ 'JSON values without text': 3 })
})

test('--pri is for events, too, but never changes a recorded datagram', async () => {
  const { sent } = await read('{"message":"a"}{"message":"<5>b"}{"raw_hex":"63"}', { pri: 13 })
  expect(sent).toEqual(['<13>a', '<5>b', 'c'])
})

test('broken or cut JSON is an error, not an end', async () => {
  for (const text of ['[{"message":"a"},', '{"message":"a', '{"message":"a"}}', '[{"message":tru}]', '{"a":1,}']) {
    await expect(read(text), text).rejects.toThrow(/^input: not valid JSON|^stdin: not valid JSON/)
  }
})

test('a document without end does not fill the memory', async () => {
  for (const text of [`{"message":"${'x'.repeat(20 << 20)}"}`, `{"a":[${`"${'y'.repeat(9999)}",`.repeat(2000)}1]}`]) {
    await expect(read(text)).rejects.toThrow('stdin: a document of more than 16 MiB')
  }
})

test('what is shown of a broken line is harmless to a terminal', async () => {
  const error = await read('00000000\n\x1b]0;x\x07\u009b31m', { format: 'hex' }).catch(String)
  expect(error).not.toMatch(/[\x00-\x1f\x7f-\x9f]/)
})

test('a capture of another version, or with a broken line, is refused with the line number', async () => {
  await expect(read('{"sluice":"capture","version":2}\n')).rejects.toThrow('input:1: capture format 2')
  const start = '{"sluice":"capture","version":1}\n'
  await expect(read(`${start}{"t":1,"fr\n{"t":1,"text":"a"}\n`)).rejects.toThrow('input:2: not a capture line')
  const { sent, skipped } = await read(`${start}{"t":1,"text":"a"}\n{"t":1,"te`)
  expect([sent, skipped]).toEqual([['a'], { 'capture lines cut off by a crash': 1 }])
})

test('random bytes never do worse than a UserError', async () => {
  const formats = fc.constantFrom<Format | undefined>(undefined, 'lines', 'hex', 'capture', 'json')
  const bytes = fc.oneof(
    fc.uint8Array(),
    fc.string().map((s) => Buffer.from(s)),
    fc.json().map((s) => Buffer.from(s)),
  )
  await fc.assert(
    fc.asyncProperty(bytes, formats, async (input, format) => {
      try {
        await read(Buffer.from(input), { format })
      } catch (error) {
        expect(error).toBeInstanceOf(UserError)
      }
    }),
    { numRuns: 1000 },
  )
})
