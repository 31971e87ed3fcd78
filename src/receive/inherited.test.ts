import { expect, test } from 'vitest'
import { type InheritedSocket, inheritedSockets, takeOver } from './inherited.ts'

function socket(fd: number, address: string, more: Partial<InheritedSocket> = {}): InheritedSocket {
  const family = address.includes(':') ? 6 : 4
  return { fd, family, type: 'udp', address, port: 514, name: '', v6only: false, ...more }
}

test('an input takes the sockets of its type, address and port, and leaves the others', () => {
  const sockets = [
    socket(3, '0.0.0.0'),
    socket(4, '0.0.0.0', { type: 'tcp' }),
    socket(5, '0.0.0.0', { port: 515 }),
    socket(6, '127.0.0.1'),
    socket(7, '0.0.0.0'),
  ]
  expect(takeOver(sockets, 'udp', { host: '0.0.0.0', port: 514 }).map(({ fd }) => fd)).toEqual([3, 7])
  expect(sockets.map(({ fd }) => fd)).toEqual([4, 5, 6])
})

test('[::] stands for 0.0.0.0 unless it takes IPv6 only', () => {
  const at = { host: '0.0.0.0', port: 514 }
  expect(takeOver([socket(3, '::')], 'udp', at)).toHaveLength(1)
  expect(takeOver([socket(3, '::', { v6only: true })], 'udp', at)).toHaveLength(0)
  expect(takeOver([socket(3, '::1')], 'udp', { host: '0:0::1', port: 514 })).toHaveLength(1)
})

test('variables meant for another process are unset and obeyed by nobody', async () => {
  const env = { LISTEN_PID: '1', LISTEN_FDS: '1', LISTEN_FDNAMES: 'x', PATH: '/bin' }
  expect(await inheritedSockets(env)).toEqual([])
  expect(env).toEqual({ PATH: '/bin' })
})

test.each(['0', '-1', '1x', '99999'])('LISTEN_FDS=%s is nothing', async (count) => {
  expect(await inheritedSockets({ LISTEN_PID: String(process.pid), LISTEN_FDS: count })).toEqual([])
})
