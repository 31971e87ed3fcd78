import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MAX_PART_BYTES, safePart } from './path.ts'

describe('safePart', () => {
  test.each(['controller1', 'nova-compute', 'db1.example.com', '10.2.4.107', 'fe80::1', 'größe', '_x'])(
    'keeps the plain name %s',
    (name) => {
      expect(safePart(`a${name}`)).toBe(`a${name}`)
    },
  )

  test.each([
    ['..', /^_\.~[0-9a-f]{10}$/],
    ['.', /^_~[0-9a-f]{10}$/],
    ['../../etc/passwd', /^_\._.._etc_passwd~[0-9a-f]{10}$/],
    ['-rf', /^_rf~[0-9a-f]{10}$/],
    ['.bashrc', /^_bashrc~[0-9a-f]{10}$/],
    ['postfix/smtpd', /^postfix_smtpd~[0-9a-f]{10}$/],
    ['a\nb\0c', /^a_b_c~[0-9a-f]{10}$/],
    ['$(reboot)', /^__reboot_~[0-9a-f]{10}$/],
    ['a\u202eb', /^a_b~[0-9a-f]{10}$/],
    ['_overflow', /^_overflow~[0-9a-f]{10}$/],
    ['a~0123456789', /^a_0123456789~[0-9a-f]{10}$/],
  ])('alters %j and marks it', (name, form) => {
    expect(safePart(name)).toMatch(form)
  })

  test('an empty name is _, and nobody else can be', () => {
    expect(safePart('')).toBe('_')
    expect(safePart('_')).toMatch(/^_~/)
  })

  test('long names that differ only at the end stay different', () => {
    const a = safePart(`${'x'.repeat(10_000)}a`)
    const b = safePart(`${'x'.repeat(10_000)}b`)
    expect(a).not.toBe(b)
    expect(a).toHaveLength(MAX_PART_BYTES)
  })

  test('any name: one harmless component, bounded', () => {
    const name = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 300 }),
      fc.string({ unit: fc.constantFrom('.', '/', '-', '~', '_', '\0', '\n', 'a', 'é', '😀', '\ud800', '\u200b') }),
    )
    fc.assert(
      fc.property(name, fc.integer({ min: 32, max: MAX_PART_BYTES }), (text, bound) => {
        const part = safePart(text, bound)
        expect(Buffer.byteLength(part)).toBeLessThanOrEqual(bound)
        expect(part).toMatch(/^[\p{L}\p{N}_][\p{L}\p{M}\p{N}_.:@+=,%~-]*$/u)
      }),
      { numRuns: 3000 },
    )
  })

  test('any two different names have different parts, altered outputs as names included', () => {
    const name = fc.string({
      unit: fc.constantFrom('.', '/', '-', '~', '_', '\0', 'a', '\ud800', '\udc00'),
      maxLength: 6,
    })
    fc.assert(
      fc.property(name, name, (a, b) => {
        fc.pre(a !== b)
        expect(safePart(a)).not.toBe(safePart(b))
        if (safePart(a) !== a) expect(safePart(safePart(a))).not.toBe(safePart(a))
      }),
      { numRuns: 3000 },
    )
  })
})
