import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RouteOptions, Router } from '../src/route/router.ts'
import { FILTERS, NAMED } from './route/filters.ts'
import { datagram, LINES, numberOf, type TestLine } from './route/lines.ts'
import { decide, parsed } from './route/parsed.ts'
import { throughSyslogNg } from './route/syslog-ng.ts'

let directory: string

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sluice-route-'))
})
afterAll(async () => {
  await rm(directory, { recursive: true })
})

/** Numbers of the lines in a file that syslog-ng wrote with the template below. */
const NUMBER = 'template("${S_HOUR}:${S_MIN}:${S_SEC}\\n")'
async function numbers(path: string): Promise<number[]> {
  if (!existsSync(path)) return []
  const text = await readFile(path, 'utf8')
  return text.split('\n').filter(Boolean).map(numberOf)
}

/** What sluice makes of the very datagram that syslog-ng gets. */
function ours(router: Router, line: TestLine, number: number) {
  const from = line.from ?? '127.0.0.1'
  const read = parsed(datagram(line, number))
  return { read, decision: decide(router, read, from, [from === '::1' ? 'v6' : from === '127.0.0.1' ? 'v4a' : 'v4b']) }
}

const named = Object.entries(NAMED)
  .map(([name, text]) => `filter ${name} { ${text}${text.endsWith(';') ? '' : ';'} };`)
  .join('\n')

describe('each filter says of every line what the real syslog-ng says', () => {
  beforeAll(async () => {
    const paths = FILTERS.map((filter, index) => {
      const path = join(directory, `filter-${index}.log`)
      return `filter f_${index} { ${filter}${filter.endsWith(';') ? '' : ';'} };
log { source(s); filter(f_not_ours); filter(f_${index}); destination { file("${path}" ${NUMBER}); }; };`
    })
    await throughSyslogNg(directory, `${named}\n${paths.join('\n')}`, LINES)
  })

  test('syslog-ng has seen every line', async () => {
    const everything = FILTERS.indexOf('program("")')
    expect((await numbers(join(directory, `filter-${everything}.log`))).toSorted((a, b) => a - b)).toEqual([
      ...LINES.keys(),
    ])
  })

  test.each(FILTERS.map((filter, index) => ({ filter, index })))('$filter', async ({ filter, index }) => {
    const theirs = (await numbers(join(directory, `filter-${index}.log`))).toSorted((a, b) => a - b)
    const router = new Router({ routes: [{ name: 'yes', filter }], filters: NAMED, archive: null, outputs: [] })
    const taken = [...LINES.entries()].filter(
      ([number, line]) => ours(router, line, number).decision.routes[0] === 'yes',
    )
    expect(taken.map(([, line]) => line)).toEqual(theirs.map((number) => LINES[number]))
  })
})

/** Routes as sluice has them, and the same as log paths of syslog-ng. */
const ROUTES: readonly RouteOptions[] = [
  {
    name: 'copy',
    filter: 'facility(auth, authpriv) or level(err..emerg)',
    archive: 'security/${host}.log',
    continue: true,
  },
  { name: 'noise', filter: 'message("Lifecycle Event") or message("*[12.5]*" type(glob))', archive: false },
  { name: 'network', filter: 'program("nova*"); and host("network");', service: 'network' },
  { name: 'status', filter: 'program("haproxy") and message("/haproxy\\\\?stats")', service: 'haproxy_status' },
  { name: 'access', filter: 'program("haproxy") and not level(emerg..alert)', service: 'haproxy_access' },
  { name: 'cron', filter: 'program("cron" flags(ignore-case))', service: 'cron', archive: 'jobs/${service}.log' },
  { name: 'remote', filter: 'netmask(127.0.0.2) or netmask6("::1")', archive: 'remote/${host}.log' },
]

describe('first match wins, as log paths with flags(final) do', () => {
  let tree: string
  beforeAll(async () => {
    tree = join(directory, 'tree')
    const paths = ROUTES.map(({ filter, archive, service, continue: goesOn }) => {
      const template = (archive === undefined ? '${host}/${service}.log' : archive || '')
        .replaceAll('${host}', '$HOST')
        .replaceAll('${service}', service ?? '$PROGRAM')
      const destination = template === '' ? '' : `destination { file("${tree}/${template}" ${NUMBER}); };`
      const end = filter?.endsWith(';') ? '' : ';'
      return `log { source(s); filter { ${filter}${end} }; ${destination} ${goesOn ? '' : 'flags(final);'} };`
    })
    const control = 'log { source(s); filter { program("^control$"); }; flags(final); };'
    const rest = `log { source(s); destination { file("${tree}/$HOST/$PROGRAM.log" ${NUMBER}); }; flags(final); };`
    await throughSyslogNg(directory, [control, ...paths, rest].join('\n'), LINES)
  })

  test('the same datagrams land in the same files', async () => {
    const router = new Router({ routes: ROUTES, filters: {}, archive: '${host}/${service}.log', outputs: [] })
    const files = new Map<string, number[]>()
    for (const [number, line] of LINES.entries()) {
      const { read, decision } = ours(router, line, number)
      for (const template of decision.archives) {
        const path = template.replace('${host}', read.host).replace('${service}', decision.service ?? read.program)
        files.set(path, [...(files.get(path) ?? []), number])
      }
    }
    const theirs = new Map<string, number[]>()
    for (const entry of await readdir(tree, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue
      const path = join(entry.parentPath, entry.name)
      // A program that begins with "/" gives the path two of them.
      theirs.set(
        path.slice(tree.length + 1),
        (await numbers(path)).toSorted((a, b) => a - b),
      )
    }
    const normal = (files: Map<string, number[]>) =>
      Object.fromEntries([...files].map(([path, list]) => [path.replaceAll('//', '/'), list]))
    expect(normal(files)).toEqual(normal(theirs))
    expect(Object.keys(normal(files)).length).toBeGreaterThan(20)
  })
})
