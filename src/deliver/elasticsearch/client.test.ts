import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer as createPlain, type RequestListener } from 'node:http'
import { createServer } from 'node:https'
import { createRequire } from 'node:module'
import type { Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { UserError } from '../../errors.ts'
import { openClient } from './client.ts'
import { elasticsearchConfig } from './config.ts'

/** An authority and a certificate for localhost, made for this test alone; valid until 2126. */
const CA = `-----BEGIN CERTIFICATE-----
MIIBlzCCAT2gAwIBAgIUdivOEe2tvMbFNWBtN2P5YEVH4uQwCgYIKoZIzj0EAwIw
IDEeMBwGA1UEAwwVc2x1aWNlIHRlc3QgYXV0aG9yaXR5MCAXDTI2MTEyMzA5MTM1
NloYDzIxMjYxMDMwMDkxMzU2WjAgMR4wHAYDVQQDDBVzbHVpY2UgdGVzdCBhdXRo
b3JpdHkwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAATW1qYCm5ghgUMtSE2d1oC0
v730POzz7RmfRfdxMyQifIhbuQQsJ1sPF7DvhU1+LKsXRE1xzB4nVVT+z3ZgXWSf
o1MwUTAdBgNVHQ4EFgQUJuTczVwihnrb28mIP6OBJ2T4dEgwHwYDVR0jBBgwFoAU
JuTczVwihnrb28mIP6OBJ2T4dEgwDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQD
AgNIADBFAiAK53RoIeHmT96Gta+7rcf6xLMDPBUend0HMVcdadebNgIhAOmDn6lt
/lCfu/5igVAaFrrWrQpz7p9VXi7tR+7/vyA4
-----END CERTIFICATE-----
`
const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBlTCCATygAwIBAgIUQUvre60YcqorSiZ8SFi++fgyIO0wCgYIKoZIzj0EAwIw
IDEeMBwGA1UEAwwVc2x1aWNlIHRlc3QgYXV0aG9yaXR5MCAXDTI2MTEyMzA5MTM1
N1oYDzIxMjYxMDMwMDkxMzU3WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcq
hkjOPQIBBggqhkjOPQMBBwNCAAQig46H2mcihG90g9Qo6+I1WemaepFupiRxCRns
ETBXemEu92UA0lox7xkFjNls90V2WNF2ILWkOg16E4np7e0oo14wXDAaBgNVHREE
EzARgglsb2NhbGhvc3SHBH8AAAEwHQYDVR0OBBYEFE/mEGZnap3IrPiPJest7RK6
as0jMB8GA1UdIwQYMBaAFCbk3M1cIoZ629vJiD+jgSdk+HRIMAoGCCqGSM49BAMC
A0cAMEQCICMiv2LBK6ITqoWKOkYbEYnDzG0lBzbIUQ6LGTtb6chrAiAOttHmvcG+
fe0nbcPLHzvF4RsoHjz3TOSrALtQwXeR2Q==
-----END CERTIFICATE-----
`
const KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgDEdyMCPh9ZZxNLAO
Zn2tTEcUjoOEizecrz8eUqbCfcuhRANCAAQig46H2mcihG90g9Qo6+I1WemaepFu
piRxCRnsETBXemEu92UA0lox7xkFjNls90V2WNF2ILWkOg16E4np7e0o
-----END PRIVATE KEY-----
`
const FINGERPRINT = '8E:26:DF:84:79:FC:9D:39:C9:F5:62:8F:F6:E0:4F:C4:B7:CE:28:E4:03:9F:14:74:79:F5:E7:9E:16:42:76:39'

let dir: string
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sluice-test-'))
  await writeFile(join(dir, 'ca.crt'), CA)
  await writeFile(join(dir, 'secret'), 'from a file\n')
})
afterAll(() => rm(dir, { recursive: true, force: true }))

/** The `authorization` header that arrives; and the client's error where there is one. */
async function ask(protocol: 'http' | 'https', options: Record<string, unknown>): Promise<string> {
  let seen = 'nothing arrived'
  const listener: RequestListener = ({ headers }, response) => {
    seen = `${headers.authorization ?? 'no header'} ${headers.accept}`
    response.writeHead(200, { 'x-elastic-product': 'Elasticsearch', 'content-type': 'application/json' }).end('{}')
  }
  const server: Server =
    protocol === 'http' ? createPlain(listener) : createServer({ cert: CERTIFICATE + CA, key: KEY }, listener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : 0
  const nodes = [`${protocol}://127.0.0.1:${port}`]
  const client = await openClient(elasticsearchConfig.parse({ elasticsearch: { nodes, ...options } }))
  onTestFinished(() => client.close())
  await client.transport.request({ method: 'GET', path: '/' })
  return seen
}

const basic = (password: string) => `Basic ${Buffer.from(`me:${password}`).toString('base64')}`

test.each<[string, () => Record<string, unknown>, string]>([
  ['nobody', () => ({}), 'no header'],
  ['a password', () => ({ username: 'me', password: 'p:w' }), basic('p:w')],
  ['a password from a file', () => ({ username: 'me', password_file: join(dir, 'secret') }), basic('from a file')],
  ['a key', () => ({ api_key: 'a2V5' }), 'ApiKey a2V5'],
  ['a key from a file', () => ({ api_key_file: join(dir, 'secret') }), 'ApiKey from a file'],
])('%s', async (_, options, header) => {
  expect(await ask('http', options())).toBe(
    `${header} application/vnd.elasticsearch+json; compatible-with=8,text/plain`,
  )
})

test('an authority of its own, or its fingerprint', async () => {
  expect(await ask('https', { ca: join(dir, 'ca.crt'), api_key: 'k' })).toContain('ApiKey k')
  expect(await ask('https', { fingerprint: FINGERPRINT })).toContain('no header')
  expect(await ask('https', { fingerprint: FINGERPRINT.replaceAll(':', '').toLowerCase() })).toContain('no header')
})

test('a certificate that nobody vouches for is refused', async () => {
  await expect(ask('https', { api_key: 'k' })).rejects.toThrow(/certificate/)
  await expect(ask('https', { fingerprint: FINGERPRINT.replace(/^../, '00'), api_key: 'k' })).rejects.toThrow(
    /fingerprint does not match/,
  )
})

test('a file that is not there is told, by its name', async () => {
  const missing = join(dir, 'missing')
  await expect(ask('http', { api_key_file: missing })).rejects.toThrow(UserError)
  await expect(ask('http', { api_key_file: missing })).rejects.toThrow(`wanted to read ${missing}`)
})

test('nothing of Apache Arrow is loaded but the place that is kept for it', () => {
  const loaded = Object.keys(createRequire(import.meta.url).cache).filter((file) => file.includes('apache-arrow'))
  expect(loaded.length).toBeLessThan(2)
})
