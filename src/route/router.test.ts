import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { UserError } from '../errors.ts'
import type { Node } from './ast.ts'
import type { DynamicFields } from './decision.ts'
import { compileFilter } from './filter.ts'
import { FilterError } from './filter-error.ts'
import { LineText } from './line-text.ts'
import { parseFilter } from './parser.ts'
import { type RouteOptions, Router } from './router.ts'

interface Line {
  host: string
  program: string
  facility: number
  severity: number
  message: string
  sender: string
  tags: string[]
}

const LINE: Line = {
  host: 'web1',
  program: 'app',
  facility: 3,
  severity: 6,
  message: 'text',
  sender: '10.0.0.1',
  tags: [],
}

function fields({ program, message, sender, tags }: Line): DynamicFields {
  return { message: () => message, match: () => `${program}[1]: ${message}`, sender, tags }
}

function decide(router: Router, more: Partial<Line> = {}) {
  const line = { ...LINE, ...more }
  const plan = router.plan(line.host, line.program, line.facility, line.severity)
  return plan.fixed ?? plan.decide(fields(line))
}

function routerOf(routes: RouteOptions[], filters: Record<string, string> = {}): Router {
  return new Router({ routes, filters, archive: '${host}/${service}.log', outputs: ['store', 'far'] })
}

describe('a line goes', () => {
  test('to the first route that matches', () => {
    const router = routerOf([
      { name: 'one', filter: 'program("x")' },
      { name: 'two', filter: 'host("web")', service: 's', datasets: ['d'] },
      { name: 'three' },
    ])
    expect(decide(router)).toMatchObject({
      routes: ['two'],
      service: 's',
      datasets: ['d'],
      archives: ['${host}/${service}.log'],
      outputs: ['store', 'far'],
      drop: null,
    })
  })

  test('unrouted where none does: archived and delivered as the config says', () => {
    expect(decide(routerOf([{ name: 'one', filter: 'program("x")' }]))).toMatchObject({
      routes: ['unrouted'],
      service: null,
      archives: ['${host}/${service}.log'],
      outputs: ['store', 'far'],
      drop: null,
    })
  })

  test('where its route says', () => {
    const router = routerOf([
      { name: 'one', filter: 'program("x")', archive: 'x.log', deliver: ['far'] },
      { name: 'two', archive: false, deliver: false },
    ])
    expect(decide(router, { program: 'x' })).toMatchObject({ archives: ['x.log'], outputs: ['far'] })
    expect(decide(router)).toMatchObject({ routes: ['two'], archives: [], outputs: [] })
  })

  test('on after a route with continue, which adds what it names', () => {
    const router = routerOf([
      { name: 'copy', filter: 'level(info)', archive: 'copy.log', continue: true, service: 'first' },
      { name: 'last', filter: 'program("app")', service: 'second', deliver: ['far'] },
    ])
    expect(decide(router)).toMatchObject({
      routes: ['copy', 'last'],
      service: 'first',
      archives: ['copy.log', '${host}/${service}.log'],
      outputs: ['far'],
    })
    expect(decide(router, { program: 'x' })).toMatchObject({
      routes: ['copy', 'unrouted'],
      archives: ['copy.log', '${host}/${service}.log'],
      outputs: ['store', 'far'],
    })
  })

  test('nowhere when a route drops it, whatever a continue said before', () => {
    const router = routerOf([
      { name: 'copy', archive: 'copy.log', continue: true },
      { name: 'noise', filter: 'message("debug")', drop: true },
    ])
    expect(decide(router, { message: 'debug 1' })).toMatchObject({
      routes: ['copy', 'noise'],
      drop: 'noise',
      archives: [],
      outputs: [],
    })
  })
})

test('decisions are the same objects again, with dense indexes', () => {
  const router = routerOf([
    { name: 'a', filter: 'message("a")' },
    { name: 'b', filter: 'program("b")' },
  ])
  const made = [{}, { message: 'a' }, { program: 'b' }, {}, { message: 'xa', host: 'other' }].map((line) =>
    decide(router, line),
  )
  expect(made[3]).toBe(made[0])
  expect(made[4]).toBe(made[1])
  expect(router.decisions).toEqual([made[0], made[1], made[2]])
  expect(router.decisions.map(({ index }) => index)).toEqual([0, 1, 2])
})

test('only sources that a message pattern can still concern have to be asked again', () => {
  const router = routerOf([
    { name: 'status', filter: 'program("haproxy") and message("stats")' },
    { name: 'auth', filter: 'facility(auth) or not level(info) and netmask(10.0.0.0/8)' },
  ])
  const fixed = (program: string, facility: number, severity: number) =>
    router.plan('h', program, facility, severity).fixed
  expect(fixed('haproxy', 3, 6)).toBeNull()
  expect(fixed('sshd', 3, 6)?.routes).toEqual(['unrouted'])
  expect(fixed('sshd', 4, 6)?.routes).toEqual(['auth'])
  expect(fixed('sshd', 3, 5)).toBeNull()
})

test('a line is read once, whatever number of routes ask for its text', () => {
  const routes = ['a', 'b', 'c'].map((name) => ({ name, filter: `message("${name}") or match("${name}:")` }))
  const router = routerOf(routes)
  let reads = 0
  const read = (text: string) => () => {
    reads++
    return text
  }
  router.plan('h', 'p', 1, 1).decide({ message: read('x'), match: read('p: x'), sender: '', tags: [] })
  expect(reads).toBe(2)
})

test('a sender without an address is the own machine', () => {
  const router = routerOf([
    { name: 'own', filter: 'netmask(127.0.0.1)' },
    { name: 'own6', filter: 'netmask6("::1")' },
  ])
  expect(decide(router, { sender: 'web1' }).routes).toEqual(['own'])
  expect(decide(router, { sender: '::1' }).routes).toEqual(['own6'])
  expect(decide(router, { sender: '10.0.0.1' }).routes).toEqual(['unrouted'])
})

describe('named filters', () => {
  test('may ask each other', () => {
    const router = routerOf([{ name: 'r', filter: 'filter(both);' }], {
      both: 'filter f { filter(app); host("web"); };',
      app: 'program("app")',
    })
    expect(decide(router).routes).toEqual(['r'])
  })
  test('but not themselves', () => {
    expect(() => routerOf([], { a: 'filter(b)', b: 'not filter(a)' })).toThrow(
      'a filter that asks itself never ends: a → b → a',
    )
  })
  test('have to be there', () => {
    expect(() => routerOf([{ name: 'r', filter: 'filter(f_nte)' }], { f_net: 'host("n")' })).toThrow(
      /route "r", line 1, column 1: there is no filter "f_nte": did you mean f_net\?/,
    )
    expect(() => routerOf([{ name: 'r', filter: 'filter(constructor)' }])).toThrow(FilterError)
  })
  test('are checked when no route asks for them, and named in the error', () => {
    expect(() => routerOf([], { broken: 'host("(")' })).toThrow(
      /filter "broken", line 1, column 6: this "\(" has no "\)"/,
    )
  })
})

test.each<[RouteOptions[], string]>([
  [[{ name: 'unrouted' }], 'kept for lines that no route takes'],
  [[{ name: 'a' }, { name: 'a' }], 'two routes of this name'],
  [[{ name: 'a', drop: true, continue: true }], 'a dropped line goes nowhere else'],
  [[{ name: 'a', drop: true, archive: 'x' }], 'a dropped line goes nowhere else'],
  [[{ name: 'a', deliver: ['stroe'] }], 'there is no output "stroe": did you mean store?'],
])('%j is refused', (routes, problem) => {
  expect(() => routerOf(routes)).toThrow(UserError)
  expect(() => routerOf(routes)).toThrow(problem)
})

/** Asks everything of each line, with nothing known before: what partial evaluation has to agree with. */
function fully(node: Node, line: Line, named: Record<string, string>): boolean {
  switch (node.kind) {
    case 'and':
      return fully(node.left, line, named) && fully(node.right, line, named)
    case 'or':
      return fully(node.left, line, named) || fully(node.right, line, named)
    case 'not':
      return !fully(node.of, line, named)
    case 'facility':
    case 'severity':
      return (node.codes >> line[node.kind]) % 2 === 1
    case 'text': {
      const texts: Record<string, string> = {
        HOST: line.host,
        PROGRAM: line.program,
        MESSAGE: line.message,
        PID: '1',
        match: `${line.program}[1]: ${line.message}`,
      }
      return (texts[node.field] ?? '').includes(node.pattern.text)
    }
    case 'netmask':
      return line.sender.startsWith('10.')
    case 'tags':
      return node.names.some((tag) => line.tags.includes(tag))
    case 'filter':
      return fully(parseFilter(named[node.name] ?? ''), line, named)
  }
}

describe('partial evaluation', () => {
  const letter = fc.constantFrom('a', 'b', 'ab')
  const leaf = fc.oneof(
    ...['program', 'host', 'message', 'match'].map((name) => letter.map((text) => `${name}("${text}")`)),
    letter.map((text) => `match("${text}" value("PROGRAM"))`),
    fc.constantFrom(
      'match("1" value("PID"))',
      'level(err..emerg)',
      'facility(auth, local0..local7)',
      'netmask(10.0.0.0/8)',
      'tags(a)',
    ),
    fc.constantFrom('filter(one)', 'filter(two)'),
  )
  const { filter } = fc.letrec<{ filter: string }>((tie) => ({
    filter: fc.oneof(
      { maxDepth: 5, depthSize: 'large' },
      leaf,
      tie('filter').map((of) => `not ${of}`),
      tie('filter').map((of) => `(${of})`),
      fc
        .tuple(tie('filter'), fc.constantFrom(' and ', ' or ', '; ', '; and '), tie('filter'))
        .map((parts) => parts.join('')),
    ),
  }))
  const text = fc.constantFrom('', 'a', 'b', 'ab', 'c')
  const line = fc.record<Line>({
    host: text,
    program: text,
    message: text,
    facility: fc.integer({ min: 0, max: 23 }),
    severity: fc.integer({ min: 0, max: 7 }),
    sender: fc.constantFrom('10.1.2.3', '11.0.0.1', '::1'),
    tags: fc.constantFrom([], ['a'], ['b', 'a']),
  })
  const named = { one: 'program("a") or message("b")', two: 'not filter(one); level(info)' }

  test('says what asking everything of each line says', () => {
    const resolve = (name: string) => compileFilter(name === 'one' ? named.one : named.two, resolve)
    fc.assert(
      fc.property(filter, line, (filter, line) => {
        const answer = compileFilter(filter, resolve)(line)
        const ours = typeof answer === 'boolean' ? answer : answer(new LineText(fields(line)))
        expect(ours).toBe(fully(parseFilter(filter), line, named))
      }),
      { numRuns: 2000 },
    )
  })

  test('and so do whole lists of routes', () => {
    const routes = fc.array(fc.tuple(filter, fc.boolean()), { maxLength: 6 })
    fc.assert(
      fc.property(routes, fc.array(line, { maxLength: 8 }), (list, lines) => {
        const options = list.map(([filter, goesOn], i) => ({ name: `r${i}`, filter, continue: goesOn }))
        const router = routerOf(options, named)
        for (const line of lines) {
          const taken: string[] = []
          const end = options.find((route) => {
            const matches = fully(parseFilter(route.filter), line, named)
            if (matches) taken.push(route.name)
            return matches && !route.continue
          })
          if (end === undefined) taken.push('unrouted')
          expect(decide(router, line).routes).toEqual(taken)
        }
      }),
      { numRuns: 500 },
    )
  })
})
