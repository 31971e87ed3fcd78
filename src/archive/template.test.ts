import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { UserError } from '../errors.ts'
import { compileTemplate, type PathFields } from './template.ts'

const fields: PathFields = {
  host: 'controller1',
  service: 'nova',
  program: 'nova-api',
  pid: '12',
  facility: 'local0',
  severity: 'info',
  sender: '10.0.0.1',
  route: 'unrouted',
  time: new Date(2013, 11, 3, 4, 24, 38).getTime(),
}

function errorOf(text: string): string {
  try {
    compileTemplate(text)
  } catch (error) {
    expect(error).toBeInstanceOf(UserError)
    if (error instanceof UserError) {
      expect(error.exitCode).toBe(78)
      return error.message
    }
  }
  return ''
}

describe('compileTemplate', () => {
  test('fills in fields, and knows its fixed prefix and what it depends on', () => {
    const template = compileTemplate('/var/log/${host}/${service}.log')
    expect(template.path(fields)).toBe('/var/log/controller1/nova.log')
    expect(template.root).toBe('/var/log')
    expect(template.dynamic).toBe(false)
    expect([...template.uses]).toEqual(['host', 'service'])
  })

  test('knows all fields, and writes dates in the local time zone', () => {
    const all =
      '/a/${program}-${pid}/${facility}.${severity}.${level}/${sender}/${route}/${year}/${month}/${day}/${hour}'
    const template = compileTemplate(all)
    expect(template.path(fields)).toBe('/a/nova-api-12/local0.info.info/10.0.0.1/unrouted/2013/12/03/04')
    expect(template.dynamic).toBe(true)
  })

  test.each([
    ['data/${host}.log', 'data', 'data/controller1.log'],
    ['${host}.log', '.', './controller1.log'],
    ['/${host}.log', '/', '/controller1.log'],
    ['/var/log/all.log', '/var/log', '/var/log/all.log'],
    ['/var/log/x-${host}.log', '/var/log', '/var/log/x-controller1.log'],
    ['../logs/${host}', '../logs', '../logs/controller1'],
  ])('%s has the root %s', (text, root, path) => {
    const template = compileTemplate(text)
    expect(template.root).toBe(root)
    expect(template.path(fields)).toBe(path)
  })

  test('an unknown field is an error that names the nearest and all', () => {
    const message = errorOf('/var/log/${hots}.log')
    expect(message).toContain('there is no field ${hots}. Did you mean ${host}?')
    expect(message).toContain('service')
    expect(errorOf('/var/log/${zzzzzzz}.log')).not.toContain('Did you mean')
    expect(errorOf('/var/log/${constructor}.log')).toContain('there is no field')
  })

  test.each(['', '/var/log/', '/var/${host}/', '/var/${host}/../x', '/var/${host}//x', '/a/${host', '/a\0b'])(
    'refuses %j',
    (text) => {
      expect(errorOf(text)).not.toBe('')
    },
  )

  test('refuses a component that could be longer than a file name', () => {
    expect(errorOf(`/a/${'x'.repeat(240)}\${host}`)).toContain('255')
    expect(errorOf('/a/${host}${service}${program}${pid}${route}${sender}${facility}${severity}')).toContain('255')
  })

  test('hostile fields never leave their component, nor make it too long', () => {
    const hostile = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 400 }),
      fc.constantFrom('', '.', '..', '../..', '/etc', '\0', '_overflow.log'),
    )
    const template = compileTemplate('/r/${host}/x${service}-${program}-${route}.log')
    fc.assert(
      fc.property(hostile, hostile, hostile, hostile, (host, service, program, route) => {
        const path = template.path({ ...fields, host, service, program, route })
        const [root, ...parts] = path.slice(1).split('/')
        expect(root).toBe('r')
        expect(parts).toHaveLength(2)
        for (const part of parts) {
          expect(part).not.toMatch(/^(\.|-|$)|[\0-\x1f]|^_overflow\.log$/)
          expect(Buffer.byteLength(part)).toBeLessThanOrEqual(255)
        }
      }),
      { numRuns: 1000 },
    )
  })
})
