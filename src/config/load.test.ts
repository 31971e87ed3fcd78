import { describe, expect, it } from 'vitest'
import { fingerprint, readConfig, showProblems } from './load.ts'

/** The config of a text that must be right. */
function config(text: string, env: Record<string, string> = {}, overrides = {}) {
  const { config, problems } = readConfig(text, overrides, env)
  expect(problems).toEqual([])
  if (config === undefined) throw new Error('no config')
  return config
}

/** `line:column: message` of all that is wrong with a text. */
function problems(text: string, env: Record<string, string> = {}): string[] {
  return readConfig(text, {}, env).problems.map(({ line, column, message }) => `${line}:${column}: ${message}`)
}

describe('a config that is right', () => {
  it('gets all defaults from an empty file', () => {
    expect(config('')).toMatchObject({
      data: `${process.cwd()}/data`,
      timezone: 'local',
      shape: 'ecs',
      receive: [],
      archive: false,
      routes: [],
      buffer: { disk: { path: `${process.cwd()}/data/buffer`, size: 2 ** 30, age: 7 * 86_400_000, sync: 1000 } },
      deliver: [],
      metrics: { host: '127.0.0.1', port: 9514 },
    })
    expect(config('# only a comment\n').host).not.toBe('')
  })

  it('has inputs of three kinds', () => {
    const { receive } = config(`
receive:
  - udp: 514
    lanes: 2
    allow: [10.0.0.0/8, '2001:db8::1']
    senders: [{ match: 10.1.0.0/16, timezone: UTC }, { match: printer, timezone: +02:00 }]
  - tcp: '[::]:514'
    idle_timeout: 1h
  - tail: /var/log/apache2/*.log
    program: horizon
`)
    expect(receive).toMatchObject([
      { kind: 'udp', name: 'udp 0.0.0.0:514', host: '0.0.0.0', port: 514, lanes: 2, receiveBuffer: 4 * 2 ** 20 },
      { kind: 'tcp', name: 'tcp [::]:514', host: '::', idleTimeout: 3_600_000, flushAfter: 1000 },
      { kind: 'tail', globs: ['/var/log/apache2/*.log'], program: 'horizon', from: 'beginning' },
    ])
  })

  it('puts relative places under data, and leaves absolute ones', () => {
    const { archive, buffer, deliver, routes } = config(
      `
data: /srv/sluice
archive: ./archive/\${host}/../x.log
routes: [{ name: a, archive: 'other/\${host}.log' }, { name: b, archive: '/abs/\${host}.log' }]
buffer: { disk: { path: /fast/buffer } }
deliver: [{ store: {} }]
`.replace('/../x', '/x'),
    )
    expect(archive).toMatchObject({ path: '/srv/sluice/archive/${host}/x.log', openFiles: 512 })
    expect(routes.map(({ archive }) => archive)).toEqual(['/srv/sluice/other/${host}.log', '/abs/${host}.log'])
    expect(buffer.disk.path).toBe('/fast/buffer')
    expect(deliver).toMatchObject([{ kind: 'store', name: 'store', path: '/srv/sluice/store' }])
  })

  it('bounds the store by days and size, or by what is said alone', () => {
    const stores = config(
      'deliver: [{ store: {} }, { name: b, store: { path: b, retention: { size: 80gb } } }]',
    ).deliver.map((output) => output.kind === 'store' && output.retention)
    expect(stores).toEqual([{ days: 7, size: 10 * 2 ** 30 }, { size: 80 * 2 ** 30 }])
  })

  it('takes values of the command line over its own', () => {
    const { data, archive, shape } = config('data: /a\narchive: x/${host}.log', {}, { data: '/b', shape: 'logstash' })
    expect({ data, archive, shape }).toMatchObject({
      data: '/b',
      archive: { path: '/b/x/${host}.log' },
      shape: 'logstash',
    })
  })
})

describe('variables', () => {
  it('are filled in after the YAML was read', () => {
    const text = 'data: ${DIR}/x\nhost: "${NAME:-web1}"\nreceive: [{ udp: "${PORT}" }]'
    const result = config(text, { DIR: '/a: [b', PORT: '514' })
    expect(result).toMatchObject({ data: '/a: [b/x', host: 'web1', receive: [{ port: 514 }] })
  })

  it('are numbers and truth values where the file could have had them', () => {
    const text = 'receive:\n  - udp: ${PORT}\n    lanes: ${LANES}\n    native: ${NATIVE}'
    expect(config(text, { PORT: '514', LANES: '3', NATIVE: 'false' }).receive).toMatchObject([
      { port: 514, lanes: 3, native: false },
    ])
  })

  it('fall back also when they are empty', () => {
    expect(config('host: ${NAME:-web1}', { NAME: '' }).host).toBe('web1')
    expect(config('host: a${NAME}', { NAME: '' }).host).toBe('a')
  })

  it('are told from the fields of archive templates by their capital letters', () => {
    const text = 'archive: ${ROOT}/${host}.log\nroutes: [{ name: a, archive: "/${ROOT}/${service}" }]'
    expect(config(text, { ROOT: '/var/log', host: 'wrong', service: 'wrong' })).toMatchObject({
      archive: { path: '/var/log/${host}.log' },
      routes: [{ archive: '//var/log/${service}' }],
    })
  })

  it('can be written literally', () => expect(config('host: $${NAME}').host).toBe('${NAME}'))

  it('that are not set are errors, all of them, beside the other errors', () => {
    expect(problems('data: ${NOPE}\nhost: x${NOR}\nshape: big')).toEqual([
      '1:7: the environment variable NOPE is not set; set it, or write "${NOPE:-default}"',
      '2:7: the environment variable NOR is not set; set it, or write "${NOR:-default}"',
      '3:8: shape: wanted ecs or logstash, got "big"',
    ])
  })
})

describe('errors', () => {
  it('of YAML have a place', () => {
    expect(problems('data: /a\ndata: /b')).toEqual(['2:1: Map keys must be unique'])
    expect(problems('receive: [')[0]).toMatch(/^1:11: /)
    expect(problems('- a')[0]).toBe('1:1: wanted a mapping, got a list')
  })

  it('are told all at once, with what was wanted, what came, and the place', () => {
    expect(
      problems(`
recieve: []
receive:
  - upd: 514
  - udp: 0.0.0.0:99999
    lanes: 0
    max_lenght: 5kb
  - tcp: 5514
    allow: [10.0.0.0/33]
  - 7
  - { udp: 514, timezone: Mars/Base }
archive: { open_files: many }
deliver:
  - store:
  - store: { retention: { days: 0 } }
metrics: yes please
filters: { "a b": host("x") }
buffer: { disk: { sync: often } }
`),
    ).toEqual([
      `2:1: unknown key "recieve"; did you mean "receive"?`,
      `4:5: receive[0]: wanted one of the keys udp, tcp, tail, redis-list; did you mean "udp"?`,
      '5:10: receive[1].udp: wanted an address such as 0.0.0.0:5514, [::]:5514 or 5514, got "0.0.0.0:99999"',
      '6:12: receive[1].lanes: wanted at least 1, got 0',
      `7:5: receive[1]: unknown key "max_lenght"; did you mean "max_length"?`,
      '9:13: receive[2].allow[0]: wanted a network such as 10.0.0.0/8, or an address, got "10.0.0.0/33"',
      '10:5: receive[3]: wanted a mapping, got 7',
      '11:27: receive[4].timezone: wanted local, a zone such as Europe/Berlin, or an offset such as +02:00, got "Mars/Base"',
      '12:10: archive.path: wanted text, got nothing',
      '12:24: archive.open_files: wanted a number, got "many"',
      '14:11: deliver[0].store: wanted a mapping ({} takes the defaults), got null',
      '15:33: deliver[1].store.retention.days: wanted at least 1, got 0',
      '16:10: metrics: wanted an address such as 127.0.0.1:5514, [::]:5514 or 5514, got "yes please"',
      '17:12: filters: wanted a name of letters, digits, dots, dashes and underscores, got "a b"',
      '18:25: buffer.disk.sync: wanted a time such as 250ms, 10s, 5m, 2h or 7d, at least 10ms, at most 1m, got "often"',
    ])
  })

  it.each([
    ['plain', 'filter: program("x") and hots("y")', '2:30'],
    ['quoted', `filter: 'program("x") and hots("y")'`, '2:31'],
    ['block', 'filter: |\n      program("x") and\n        hots("y")', '4:9'],
    ['folded', 'filter: >\n      program("x") and hots("y")', '3:24'],
  ])('of filters are placed within the filter: %s', (_, filter, place) => {
    const [first] = problems(`routes:\n  - ${filter}\n    name: a`)
    expect(first).toMatch(new RegExp(`^${place}: routes\\[0\\]\\.filter: .*hots`))
  })

  it('of patterns and templates are found', () => {
    expect(problems('routes: [{ name: a, filter: \'program("(")\' }]')[0]).toContain('routes[0].filter')
    expect(problems('archive: /x/${hots}.log')[0]).toContain('no field ${hots}')
    expect(problems('routes: [{ name: a, archive: "/x/${hots}" }]')[0]).toMatch(/^1:30: routes\[0\]\.archive/)
  })

  it('of filters by name: unknown ones and circles', () => {
    const text = `
filters:
  f_a: program("a") and filter(f_b)
  f_b: host("x") or filter(f_a)
  f_c: filter(f_d)
routes:
  - { name: a, filter: filter(f_a) or filter(f_x) }
`
    expect(problems(text).map((line) => line.replace(/: did you.*/, ''))).toEqual([
      `3:8: filter "f_a" needs itself`,
      `4:8: filter "f_b" needs itself`,
      '5:8: there is no filter "f_d"',
      '7:39: there is no filter "f_x"',
    ])
  })

  it('of names that several parts share', () => {
    expect(
      problems(`
routes:
  - { name: a, deliver: [stoer] }
  - { name: a }
  - { name: unrouted }
  - { name: b, drop: true, service: x }
deliver:
  - store: {}
  - { store: {}, name: other }
`),
    ).toEqual([
      `3:26: there is no output "stoer"; did you mean "store"? (outputs: store, other)`,
      `4:13: the name "a" is taken already, by routes[0]`,
      `5:13: routes[2].name: "unrouted" is what lines without a route are called; wanted another name`,
      '6:37: routes[3].service: a route with drop: true has no use for service',
      `9:5: the path "store" is taken already, by deliver[0]`,
    ])
  })

  it('of ports that two parts would listen on', () => {
    const clashes = problems(`
receive:
  - tcp: 9514
  - udp: 9514
  - udp: 127.0.0.1:9514
  - udp: '[::]:9514'
  - tcp: 127.0.0.1:0
  - tcp: 127.0.0.1:0
`)
    expect(clashes).toEqual([
      expect.stringContaining('tcp 127.0.0.1:9514 is taken already, by receive[0]'),
      '5:10: udp 127.0.0.1:9514 is taken already, by receive[1]',
    ])
  })

  it('are shown as editors can follow them', () => {
    expect(showProblems('a.yaml', [{ line: 1, column: 2, message: 'x' }])).toBe('a.yaml:1:2: x')
    const hostile = readConfig('"k\\e[31m\\nx": 1\nfilters: { "\\e[2J": 7 }', {}, {}).problems
    expect(hostile.length).toBe(2)
    expect(showProblems('a.yaml', hostile).split('\n')).toHaveLength(2)
    expect(showProblems('a.yaml', hostile)).not.toContain('\x1b')
  })

  it('do not come from bombs', () => {
    const bomb = ['a: &a [x, x, x, x, x, x, x, x, x, x]']
    for (const [from, to] of ['ab', 'bc', 'cd', 'de', 'ef', 'fg'])
      bomb.push(`${to}: &${to} [${`*${from}, `.repeat(10)}]`)
    expect(problems(bomb.join('\n'))).toEqual(['1:1: Excessive alias count indicates a resource exhaustion attack'])
  })
})

describe('fingerprint', () => {
  it('is that of the meaning, not of the text', () => {
    const one = fingerprint(config('host: a\nshape: ecs\ndata: /x\nreceive: [{ udp: 514, max_length: 64kb }]'))
    const same = fingerprint(config('# note\ndata: /x\nhost: a\nreceive: [{ udp: 0.0.0.0:514 }]'))
    expect(one).toMatch(/^[0-9a-f]{12}$/)
    expect(same).toBe(one)
    expect(fingerprint(config('host: a\ndata: /x\nreceive: [{ udp: 515 }]'))).not.toBe(one)
  })

  it('heeds the order of routes', () => {
    const routes = (order: string[]) =>
      config(`host: a\nroutes: [${order.map((name) => `{ name: ${name} }`).join(', ')}]`)
    expect(fingerprint(routes(['a', 'b']))).not.toBe(fingerprint(routes(['b', 'a'])))
  })
})

describe('a cluster', () => {
  it('has its index by the day, and a name', () => {
    const [output] = config('deliver: [{ elasticsearch: { nodes: [http://data1:9200] } }]').deliver
    expect(output).toMatchObject({
      kind: 'elasticsearch',
      name: 'elasticsearch',
      index: 'syslog-%Y.%m.%d',
      isDataStream: false,
      replicas: 2,
      refresh: 5000,
      bulk: { size: 5 * 2 ** 20, delay: 250 },
    })
  })

  it('may have a data stream, whose name has no date', () => {
    const [output] = config(
      'deliver: [{ elasticsearch: { nodes: [http://a:1], data_stream: logs-syslog-default } }]',
    ).deliver
    expect(output).toMatchObject({ index: 'logs-syslog-default', isDataStream: true })
  })

  it.each([
    ['nodes: []', 'nodes: wanted at least 1'],
    ['nodes: [data1:9200]', 'wanted an address such as http://data1:9200'],
    ['nodes: ["http://u:secret@a:9200"]', 'without user and password'],
    ['nodes: [http://a:1], index: Syslog', 'wanted a name of small letters'],
    ['nodes: [http://a:1], index: "syslog-%H"', 'wanted a name of small letters'],
    ['nodes: [http://a:1], index: a, data_stream: b', 'say either index or data_stream'],
    ['nodes: [http://a:1], data_stream: logs, retention: { size: 1gb }', 'a data stream knows `days`'],
    ['nodes: [http://a:1], index: syslog, retention: { days: 7 }', 'the index needs a date'],
    ['nodes: [http://a:1], username: u', 'user and password go together'],
    ['nodes: [http://a:1], password: p, password_file: f, username: u', 'say either password or password_file'],
    ['nodes: [http://a:1], username: u, password: p, api_key: k', 'say either username or api_key'],
    ['nodes: [https://b:1, http://a:1], ca: x.pem', 'of use with https:// only'],
  ])('is refused with the reason: %s', (section, message) => {
    expect(problems(`deliver: [{ elasticsearch: { ${section} } }]`)[0]).toContain(message)
  })
})
