import { describe, expect, test } from 'vitest'
import { parse } from '../../test/header-cases.ts'
import { UserError } from '../errors.ts'
import { type Zone, zoneOf } from './zone.ts'

const DAY = 86_400_000

/** UTC of a local time, read as if received at `near`. */
function utc(zone: Zone, local: string, near = local): string {
  const at = Date.parse(`${local}Z`)
  const day = Math.floor(at / DAY)
  return new Date(at - zone.offset(day, at - day * DAY, Date.parse(`${near}Z`))).toISOString()
}

describe('fixed offsets', () => {
  test.each([
    ['+02:00', '2026-07-01T10:00:00.000Z'],
    ['+0530', '2026-07-01T06:30:00.000Z'],
    ['-03', '2026-07-01T15:00:00.000Z'],
    ['UTC', '2026-07-01T12:00:00.000Z'],
    ['Z', '2026-07-01T12:00:00.000Z'],
  ])('%s', (name, expected) => expect(utc(zoneOf(name), '2026-07-01T12:00:00')).toBe(expected))
})

describe('Europe/Berlin', () => {
  const berlin = zoneOf('Europe/Berlin')
  test.each([
    ['2026-01-01T12:00:00', '2026-01-01T11:00:00.000Z'],
    ['2026-07-01T12:00:00', '2026-07-01T10:00:00.000Z'],
    ['2026-03-29T01:59:59', '2026-03-29T00:59:59.000Z'],
    ['2026-03-29T03:00:00', '2026-03-29T01:00:00.000Z'],
    ['2026-10-25T01:59:59', '2026-10-24T23:59:59.000Z'],
    ['2026-10-25T03:00:00', '2026-10-25T02:00:00.000Z'],
    ['1960-07-01T12:00:00', '1960-07-01T11:00:00.000Z'],
    ['9999-12-31T12:00:00', '9999-12-31T11:00:00.000Z'],
  ])('%s', (local, expected) => expect(utc(berlin, local)).toBe(expected))

  test('in the hour that comes twice, the reading nearer to reception', () => {
    expect(utc(berlin, '2026-10-25T02:30:00', '2026-10-25T00:30:01')).toBe('2026-10-25T00:30:00.000Z')
    expect(utc(berlin, '2026-10-25T02:30:00', '2026-10-25T01:30:01')).toBe('2026-10-25T01:30:00.000Z')
  })

  test('in the hour that is left out, a clock that has not been moved', () => {
    expect(utc(berlin, '2026-03-29T02:30:00')).toBe('2026-03-29T01:30:00.000Z')
  })
})

test.each([
  'America/New_York',
  'Australia/Lord_Howe',
  'Asia/Kathmandu',
  'Africa/Casablanca',
  'Pacific/Auckland',
  'America/Sao_Paulo',
])('%s: every hour of 12 years there and back', (name) => {
  const zone = zoneOf(name)
  const parts = new Intl.DateTimeFormat('sv-SE', { timeZone: name, dateStyle: 'short', timeStyle: 'medium' })
  for (let at = Date.UTC(2015, 0, 1); at < Date.UTC(2027, 0, 1); at += 3_600_000 * 7) {
    const local = parts.format(at).replace(' ', 'T')
    const back = utc(zone, local, new Date(at).toISOString().slice(0, -1))
    if (Date.parse(back) !== at) expect(back).toBe(new Date(at).toISOString())
  }
})

test('the machine’s own zone is that of Date', () => {
  const local = new Date(2026, 6, 1, 12, 30)
  expect(utc(zoneOf('local'), '2026-07-01T12:30:00')).toBe(local.toISOString())
})

test.each(['', 'Mars/Olympus', '+25:00', '2:00', '+02:99'])('%j is refused with what is wanted', (name) => {
  expect(() => zoneOf(name)).toThrow(UserError)
  expect(() => zoneOf(name)).toThrow(/Europe\/Berlin/)
})

test('a time with a zone of its own does not ask the sender’s', () => {
  const berlin = zoneOf('Europe/Berlin')
  const time = (stamp: string) => parse(Buffer.from(`<13>${stamp} h a: m`), Date.UTC(2026, 10, 1), berlin).time
  expect(time('Jul  1 12:00:00')).toBe('2026-07-01T10:00:00.000Z')
  expect(time('2026-07-01T12:00:00')).toBe('2026-07-01T10:00:00.000Z')
  expect(time('Jul  1 12:00:00 UTC')).toBe('2026-07-01T12:00:00.000Z')
  expect(time('2026-07-01T12:00:00-01:00')).toBe('2026-07-01T13:00:00.000Z')
})
