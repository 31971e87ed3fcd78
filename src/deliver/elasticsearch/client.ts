import { readFile } from 'node:fs/promises'
import { UserError } from '../../errors.ts'
import { messageOf } from '../../ledger/files.ts'
import type { ElasticsearchConfig } from './config.ts'
import { Client, type ClientOptions, ClusterConnectionPool } from './library.ts'

/** How long the cluster itself may wait for a shard or its master before it answers. */
export const CLUSTER_TIMEOUT = '30s'
const REQUEST_MILLIS = 60_000
const SNIFF_MILLIS = 60_000
/** Bytes. */
export const LARGEST_ANSWER = 64 << 20

/** Dead nodes are left out, and asked with a `HEAD /` after 5, 10, 20 and then every 40 seconds whether they are back. */
class Nodes extends ClusterConnectionPool {
  override resurrectTimeout = 5000
  override resurrectTimeoutCutoff = 3
}

type Connecting = Pick<
  ElasticsearchConfig,
  'nodes' | 'username' | 'password' | 'passwordFile' | 'apiKey' | 'apiKeyFile' | 'ca' | 'fingerprint' | 'sniff'
>

/**
 * The client for a cluster; nothing is sent yet. It never tries again by itself: that is the engine's. Client 8 asks for
 * answers in the form of version 8, which Elasticsearch 8 and 9 both know.
 * @throws UserError when a file of the config can't be read.
 */
export async function openClient(config: Connecting): Promise<Client> {
  const { nodes, ca, fingerprint, sniff } = config
  const auth = await authOf(config)
  const options: ClientOptions = {
    nodes,
    ConnectionPool: Nodes,
    maxRetries: 0,
    requestTimeout: REQUEST_MILLIS,
    maxResponseSize: LARGEST_ANSWER,
    enableMetaHeader: false,
    // Otherwise each error copies the request's body, byte by byte, as the keys of an object. Only messages are logged.
    redaction: { type: 'off' },
    sniffOnStart: sniff,
    sniffInterval: sniff && SNIFF_MILLIS,
    sniffOnConnectionFault: sniff,
    ...(auth !== undefined && { auth }),
    ...(ca !== undefined && { tls: { ca: await textOf(ca) } }),
    ...(fingerprint !== undefined && { caFingerprint: fingerprint, tls: { rejectUnauthorized: false } }),
  }
  return new Client(options)
}

async function authOf(config: Connecting): Promise<ClientOptions['auth']> {
  const { username, passwordFile, apiKeyFile } = config
  const apiKey = apiKeyFile === undefined ? config.apiKey : (await textOf(apiKeyFile)).trim()
  if (apiKey !== undefined) return { apiKey }
  const password = passwordFile === undefined ? config.password : (await textOf(passwordFile)).trim()
  return username === undefined || password === undefined ? undefined : { username, password }
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    throw new UserError(`elasticsearch: wanted to read ${file}, got: ${messageOf(error)}`)
  }
}
