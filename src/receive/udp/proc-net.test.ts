import { expect, test } from 'vitest'
import { findRow } from './proc-net.ts'

const UDP = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
  291: 0100007F:158A 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 11111 2 0000000000000000 5
  292: 00000000:158A 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 22222 2 0000000000000000 7
`
const UDP6 = `  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
 1234: B80D0120000000000000000001000000:158A 00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 33333 2 0000000000000000 9
`

test('a socket is found by address and port', () => {
  expect(findRow(UDP, '127.0.0.1', 5514)).toEqual({ inode: 11111, drops: 5 })
  expect(findRow(UDP, '0.0.0.0', 5514)).toEqual({ inode: 22222, drops: 7 })
  expect(findRow(UDP, '0.0.0.0', 5515)).toBeNull()
  expect(findRow(UDP6, '2001:db8::1', 5514)).toEqual({ inode: 33333, drops: 9 })
})
