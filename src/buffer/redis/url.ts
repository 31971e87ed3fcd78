import { readFileSync } from 'node:fs'
import type { RedisOptions } from 'ioredis'
import { UserError } from '../../errors.ts'
import { messageOf } from '../../ledger/files.ts'

/** Where a Redis is, and how it is called in logs: without user, password and parameters. */
export interface RedisAddress {
  name: string
  options: RedisOptions
}

const FORMS = [
  'redis://[user:password@]host[:port][/database]',
  'rediss://… (TLS)',
  'redis+unix://[user:password@]/path/to/socket[?db=database]',
  'redis+sentinel://[user:password@]host[:port][,host[:port]]/master[/database]',
].join('\n  ')

/**
 * Reads an address; throws UserError (78) that never repeats a password. Parameters: `password_file=PATH` (its first
 * line), with TLS `ca=PATH`, `cert=PATH`, `key=PATH`. User and password are percent-encoded.
 */
export function parseRedisUrl(text: string): RedisAddress {
  const [, scheme = '', login = '', place = '', query = ''] =
    /^([a-z+]+):\/\/(?:(.*)@)?([^?]*)(?:\?(.*))?$/s.exec(text) ?? []
  const parameters = new URLSearchParams(query)
  const options = addressOf(scheme, place)
  const name = `${scheme}://${place}`
  const take = (parameter: string) => {
    const value = parameters.get(parameter)
    parameters.delete(parameter)
    return value
  }
  const colon = login.indexOf(':')
  const user = decode(colon < 0 ? login : login.slice(0, colon), name)
  if (user !== '') options.username = user
  if (colon >= 0) options.password = decode(login.slice(colon + 1), name)
  const passwordFile = take('password_file')
  if (passwordFile !== null) options.password = readSecret(passwordFile, name).split(/\r?\n/, 1)[0] ?? ''
  const database = take('db')
  if (database !== null) options.db = databaseOf(database, name)
  if (scheme.startsWith('rediss')) {
    const file = (parameter: string) => {
      const path = take(parameter)
      return path === null ? {} : { [parameter]: readSecret(path, name) }
    }
    options.tls = { ...file('ca'), ...file('cert'), ...file('key') }
    if (options.sentinels) options.enableTLSForSentinelMode = true
  }
  const [unknown] = parameters.keys()
  if (unknown !== undefined) throw new UserError(`${name}: there is no parameter '${unknown}' for a Redis`, 78)
  return { name, options }
}

function addressOf(scheme: string, place: string): RedisOptions {
  const slash = place.indexOf('/')
  const host = slash < 0 ? place : place.slice(0, slash)
  const path = slash < 0 ? '' : place.slice(slash + 1)
  switch (scheme) {
    case 'redis':
    case 'rediss':
      return { ...hostOf(host), ...(path === '' ? {} : { db: databaseOf(path, host) }) }
    case 'redis+unix':
      if (host !== '' || path === '') throw wrongForm(scheme, place)
      return { path: `/${path}` }
    case 'redis+sentinel':
    case 'rediss+sentinel': {
      const [master = '', database] = path.split('/')
      if (master === '') throw wrongForm(scheme, place)
      const sentinels = host.split(',').map((one) => hostOf(one, 26379))
      return { sentinels, name: master, ...(database ? { db: databaseOf(database, host) } : {}) }
    }
    default:
      throw wrongForm(scheme, place)
  }
}

function hostOf(text: string, port = 6379): { host: string; port: number } {
  const [, v6, name, given] = /^(?:\[([0-9a-fA-F:.]+)\]|([^[\]:]+))(?::(\d{1,5}))?$/.exec(text) ?? []
  const host = v6 ?? name
  const number = given === undefined ? port : Number(given)
  if (host === undefined || number > 65535) throw wrongForm('redis', text)
  return { host, port: number }
}

function databaseOf(text: string, name: string): number {
  if (!/^\d{1,4}$/.test(text)) throw new UserError(`${name}: a database is a number, not '${text}'`, 78)
  return Number(text)
}

function wrongForm(scheme: string, place: string): UserError {
  return new UserError(`'${scheme}://${place}' is no address of a Redis. Forms:\n  ${FORMS}`, 78)
}

function decode(text: string, name: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new UserError(`${name}: user and password have to be percent-encoded (a '%' is '%25')`, 78)
  }
}

function readSecret(path: string, name: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new UserError(`${name}: ${messageOf(error)}`, 78)
  }
}
