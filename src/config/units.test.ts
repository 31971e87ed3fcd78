import { describe, expect, it } from 'vitest'
import { address, duration, parseAddress, parseDuration, parseSize, show, showAddress, size } from './units.ts'

describe('sizes', () => {
  it.each([
    ['0b', 0],
    ['64kb', 65_536],
    ['1.5 GB', 1_610_612_736],
    ['10mb', 10_485_760],
    ['2TB', 2_199_023_255_552],
  ])('reads %s', (text, bytes) => expect(parseSize(text)).toBe(bytes))

  it.each(['', '64', 'kb', '64k', '-1kb', '1e3kb', '1kbps', '64 kb b', '99999999tb', '1constructor'])(
    'refuses %j',
    (text) => expect(parseSize(text)).toBeUndefined(),
  )
})

describe('times', () => {
  it.each([
    ['250ms', 250],
    ['1s', 1000],
    ['1.5m', 90_000],
    ['2h', 7_200_000],
    ['7d', 604_800_000],
  ])('reads %s', (text, ms) => expect(parseDuration(text)).toBe(ms))

  it.each(['', '5', 's', '1w', '1 month', '-1s'])('refuses %j', (text) => expect(parseDuration(text)).toBeUndefined())
})

describe('addresses', () => {
  it.each([
    ['0.0.0.0:514', { host: '0.0.0.0', port: 514 }],
    ['[::]:514', { host: '::', port: 514 }],
    ['[2001:db8::1]:5514', { host: '2001:db8::1', port: 5514 }],
    ['localhost:9514', { host: '127.0.0.1', port: 9514 }],
    ['5514', { host: '0.0.0.0', port: 5514 }],
    ['127.0.0.1:0', { host: '127.0.0.1', port: 0 }],
  ])('reads %s', (text, parsed) => expect(parseAddress(text, '0.0.0.0')).toEqual(parsed))

  it.each([
    '',
    'host',
    ':::514',
    '::1:514',
    '1.2.3:514',
    '[::]',
    '1.2.3.4:65536',
    '1.2.3.4',
    'example.org:514',
    '[x]:1',
  ])('refuses %j', (text) => expect(parseAddress(text, '0.0.0.0')).toBeUndefined())

  it('are shown as they are written', () => {
    expect(showAddress({ host: '::', port: 514 })).toBe('[::]:514')
    expect(showAddress({ host: '10.0.0.1', port: 514 })).toBe('10.0.0.1:514')
  })
})

describe('as config values', () => {
  it('say what was wanted and what came', () => {
    expect(size('1kb').safeParse('64kilo').error?.issues[0].message).toBe(
      'wanted a size such as 64kb, 10mb or 1.5gb, at least 1kb, got "64kilo"',
    )
    expect(duration().safeParse(10).error?.issues[0].message).toContain('got 10')
    expect(duration().safeParse(null).error?.issues[0].message).toContain('got null')
    expect(address('127.0.0.1').safeParse(['x']).error?.issues[0].message).toContain('got a list')
  })

  it('respect bounds', () => {
    expect(size('1kb', '1mb').safeParse('1023b').success).toBe(false)
    expect(size('1kb', '1mb').parse('1kb')).toBe(1024)
    expect(size('1kb', '1mb').safeParse('1025kb').success).toBe(false)
  })

  it('take a port as a number', () => expect(address('0.0.0.0').parse(514)).toEqual({ host: '0.0.0.0', port: 514 }))
})

it('shows values on one short line', () => {
  expect(show('a\nb')).toBe('"a\\nb"')
  expect(show('x'.repeat(100))).toHaveLength(59)
  expect(show({})).toBe('a mapping')
  expect(show(undefined)).toBe('nothing')
})
