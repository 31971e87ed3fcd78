import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from 'vitest'
import { compileTemplate } from '../src/archive/template.ts'
import { loadConfig } from '../src/config/load.ts'
import { Router } from '../src/route/router.ts'
import { decide, parsed } from './route/parsed.ts'

const STATUS =
  '10.2.4.107:39510 [03/Dec/2013:00:24:38.457] status status/<NOSRV> 0/-1/-1/-1/0 200 9000 - - LR-- 1/1/0/0/0 0/0 "GET /haproxy?stats HTTP/1.1"'
const ACCESS =
  '10.2.4.107:39510 [03/Dec/2013:00:24:38.457] nova-compute-api nova-compute-api/controller-2 0/0/4 280 -- 0/0/0/0/0 0/0'

/** A host's lines by the file they belong in. */
function controllerLines(host: string): [file: string, line: string][] {
  return [
    ['cinder', `${host} cinder-volume: 2013-12-03 00:24:38.457 1474 INFO cinder.volume.manager [-] Updating`],
    ['glance', `${host} glance-api: 2013-12-03 00:24:38.457 1474 WARNING glance.registry [-] slow`],
    ['haproxy_access', `${host} haproxy[1474]: ${ACCESS}`],
    ['haproxy_access', `${host} haproxy[1474]: Proxy nova-compute-api started.`],
    ['haproxy_status', `${host} haproxy[1474]: ${STATUS}`],
    ['horizon', `${host} horizon: [error] could not connect`],
    ['keepalived', `${host} Keepalived_vrrp[812]: VRRP_Instance(VI_1) Entering MASTER STATE`],
    ['keystone', `${host} keystone-all: 2013-12-03 00:24:38.457 1474 INFO keystone [-] token`],
    ['nova', `${host} nova-api[77]: 2013-12-03 00:24:38.457 1474 INFO nova.osapi [-] GET /v2`],
    ['nova', `${host} nova-scheduler: no pid`],
  ]
}

const EXPECTED: readonly (readonly [path: string, line: string])[] = [
  ...controllerLines('controller1').map(([file, line]) => [`controller1/${file}`, line] as const),
  // The first controller calls itself controller.
  ...controllerLines('controller').map(([file, line]) => [`controller1/${file}`, line] as const),
  ...controllerLines('controller2').map(([file, line]) => [`controller2/${file}`, line] as const),
  ['compute_node/compute', 'compute1 nova-compute[9]: 2013-12-03 INFO nova.compute [-] VM Started'],
  ['compute_node/compute', 'compute-22 nova-compute: VM Stopped'],
  ['network/network', 'network nova-network[5]: lease'],
  ['network/network', 'network nova-dhcpbridge: lease'],
  // Whoever else logs there has files of its own.
  ['controller1/sshd', 'controller1 sshd[1]: Accepted publickey'],
  ['compute1/sshd', 'compute1 sshd[1]: Accepted publickey'],
  ['network/dnsmasq', 'network dnsmasq[1]: started'],
  ['db1/mysqld', 'db1 mysqld[1]: ready for connections'],
  // haproxy-exporter is not haproxy.
  ['controller1/haproxy-exporter', 'controller1 haproxy-exporter[3]: GET /haproxy?stats'],
  ['controller3/nova', 'controller3 nova-api: a host that no route knows keeps its service'],
]

describe('deploy/reference.yaml builds the tree of the reference platform', () => {
  let router: Router
  beforeAll(async () => {
    const config = await loadConfig(fileURLToPath(new URL('../deploy/reference.yaml', import.meta.url)))
    const archive = config.archive === false ? null : config.archive.path
    const outputs = config.deliver.map(({ name }) => name)
    router = new Router({ routes: config.routes, filters: config.filters, archive, outputs })
  })

  test.each(EXPECTED)('%s.log: %s', (path, line) => {
    const read = parsed(`<134>Dec  3 00:24:38 ${line}`)
    const { archives, service, outputs, routes } = decide(router, read, '10.2.4.107')
    const fields = { facility: 'local0', severity: 'info', sender: '10.2.4.107', time: 0 }
    const template = archives.map((text) => {
      const { host, program, pid } = read
      return compileTemplate(text).path({
        ...fields,
        host,
        program,
        pid,
        service: service ?? program,
        route: routes[0] ?? '',
      })
    })
    expect(template).toEqual([`/var/log/${path}.log`])
    expect(outputs).toEqual(['store'])
  })

  test('only HAProxy has to be read to know where its lines go', () => {
    const fixed = (host: string, program: string) => router.plan(host, program, 16, 6).fixed !== null
    expect(fixed('controller1', 'haproxy')).toBe(false)
    expect(
      ['nova-api', 'keystone-all', 'sshd', 'horizon'].map((program) => fixed('controller1', program)),
    ).not.toContain(false)
  })
})
