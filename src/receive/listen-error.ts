import { UserError } from '../errors.ts'

/** Where an input listens. */
export interface ListenAddress {
  /** An address, or a name such as `localhost`. */
  host: string
  /** 0: the system chooses. */
  port: number
}

/** `udp 0.0.0.0:514`, `tcp [::]:514` */
export function inputName(kind: 'udp' | 'tcp', { host, port }: ListenAddress): string {
  return host.includes(':') ? `${kind} [${host}]:${port}` : `${kind} ${host}:${port}`
}

/**
 * What a failed `bind` or `listen` means, and what to do about it.
 *
 * @param code such as `EADDRINUSE`
 */
export function listenError(kind: 'udp' | 'tcp', at: ListenAddress, code: string): UserError {
  return new UserError(`${inputName(kind, at)}: ${explain(kind, at, code)}`)
}

function explain(kind: 'udp' | 'tcp', { host, port }: ListenAddress, code: string): string {
  switch (code) {
    case 'EADDRINUSE': {
      const flags = kind === 'udp' ? '-lunp' : '-ltnp'
      return `port ${port} is taken by another program (\`ss ${flags} sport = :${port}\` shows which). Stop it, or listen on another port`
    }
    case 'EACCES':
    case 'EPERM':
      return (
        `no permission to listen on port ${port}. Take a port from 1024 on, or permit it: ` +
        `AmbientCapabilities=CAP_NET_BIND_SERVICE in the systemd unit, or \`sysctl net.ipv4.ip_unprivileged_port_start=${port}\``
      )
    case 'EADDRNOTAVAIL':
      return `this machine has no address ${host} (\`ip address\` lists its own). 0.0.0.0 means all`
    case 'EAFNOSUPPORT':
      return 'this machine has no IPv6. Listen on 0.0.0.0 instead'
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `the name ${host} can't be resolved. Give an address`
    default:
      return `can't listen: ${code}`
  }
}
