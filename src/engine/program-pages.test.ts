import { expect, test } from 'vitest'
import { programPages, unwrittenPages } from './program-pages.ts'

const PROGRAM = '/opt/node'

const mapping = (addresses: string, access: string, file: string, anonymous = 0) =>
  `${addresses} ${access} 00000000 fe:00 5367871                  ${file}\nSize: 100 kB\nAnonymous: ${anonymous} kB\n`

test('text and constants of the program, up to the first page that it writes to, and of its libraries', () => {
  const smaps = [
    mapping('00400000-0082e000', 'r--p', PROGRAM),
    mapping('0082e000-03489000', 'r-xp', PROGRAM),
    mapping('03489000-072a7000', 'r--p', PROGRAM, 4),
    mapping('072a7000-072dc000', 'rw-p', PROGRAM, 212),
    mapping('0b000000-0c000000', 'rw-p', '[heap]', 16384),
    mapping('7ff062c80000-7ff062e95000', 'r-xp', PROGRAM),
    mapping('7ff095ec0000-7ff0960d5000', 'r-xp', '/usr/lib/libc.so.6'),
    mapping('7ff0960d5000-7ff0960d9000', 'r--p', '/usr/lib/libc.so.6', 16),
    mapping('7ff0960d9000-7ff0960db000', 'rw-p', '/usr/lib/libc.so.6'),
    mapping('7ff0970d5000-7ff0970d9000', 'r-xp', '/usr/lib/libstdc++.so.6.0.30'),
    mapping('7ff0980d5000-7ff0980d9000', 'r-xp', '/usr/lib/libmine.so.6'),
  ].join('')
  expect(unwrittenPages(smaps, PROGRAM)).toEqual([
    [0x400000n, 0x82e000n],
    [0x82e000n, 0x3489000n],
    [0x7ff095ec0000n, 0x7ff0960d5000n],
    [0x7ff0970d5000n, 0x7ff0970d9000n],
  ])
  expect(unwrittenPages(smaps, '/opt/no')).toHaveLength(2)
})

test('the running program has such pages', () => {
  expect(programPages().length).toBeGreaterThan(0)
})
