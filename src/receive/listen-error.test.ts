import { expect, test } from 'vitest'
import { UserError } from '../errors.ts'
import { listenError } from './listen-error.ts'

test.each([
  ['EADDRINUSE', /^udp 0\.0\.0\.0:514: port 514 is taken.*another port/],
  ['EACCES', /^udp 0\.0\.0\.0:514: no permission.*CAP_NET_BIND_SERVICE/],
  ['EADDRNOTAVAIL', /no address 0\.0\.0\.0/],
  ['EWHATEVER', /EWHATEVER/],
])('%s says where and what to do', (code, message) => {
  const error = listenError('udp', { host: '0.0.0.0', port: 514 }, code)
  expect(error).toBeInstanceOf(UserError)
  expect(error.message).toMatch(message)
})

test('IPv6 addresses are bracketed', () => {
  expect(listenError('tcp', { host: '::', port: 514 }, 'EADDRINUSE').message).toMatch(/^tcp \[::\]:514: /)
})
