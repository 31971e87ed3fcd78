/** What Redis' INFO says, by field. */
export function parseInfo(text: string): Map<string, string> {
  const fields = new Map<string, string>()
  for (const line of text.split('\r\n')) {
    const colon = line.indexOf(':')
    if (colon > 0 && !line.startsWith('#')) fields.set(line.slice(0, colon), line.slice(colon + 1))
  }
  return fields
}

/** Why batches can't be entrusted to this server at all; undefined when they can. */
export function unfit(info: ReadonlyMap<string, string>): string | undefined {
  const version = info.get('redis_version') ?? '0'
  if (Number.parseInt(version, 10) < 7) return `is version ${version}; 7 or newer is needed`
  if (info.get('role') === 'slave') return 'is a replica; batches go to the master'
  return undefined
}

/** What puts batches at risk, a sentence each: eviction, no persistence, little memory. */
export function advice(info: ReadonlyMap<string, string>, size: number): string[] {
  const found: string[] = []
  const limit = Number(info.get('maxmemory') ?? 0)
  const policy = info.get('maxmemory_policy') ?? 'noeviction'
  if (policy !== 'noeviction') {
    found.push(`its maxmemory-policy is ${policy}: batches may be evicted. Set it to noeviction`)
  }
  if (info.get('aof_enabled') === '0') {
    found.push('it keeps no append-only file: a restart loses batches. Set appendonly yes, appendfsync everysec')
  } else if (info.get('aof_last_write_status') === 'err') {
    found.push('it could not write its append-only file')
  }
  if (limit === 0) {
    found.push('it has no maxmemory: a long backlog may take all of the machine. Set maxmemory')
  } else if (limit - Number(info.get('used_memory') ?? 0) < size) {
    const left = Math.max(0, limit - Number(info.get('used_memory') ?? 0))
    found.push(`${mebibytes(left)} of its maxmemory are left, the buffer's budget is ${mebibytes(size)}`)
  }
  return found
}

const mebibytes = (bytes: number) => `${Math.round(bytes / 1024 / 1024)} MiB`
