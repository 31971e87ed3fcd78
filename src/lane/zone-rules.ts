import ipaddr from 'ipaddr.js'
import { type Zone, zoneOf } from '../syslog/zone.ts'

export interface ZoneRule {
  /** CIDR, address, or the host name that the header gives. */
  match: string
  timezone: string
}

/** Which zone a stamp without one is read in: the first rule that matches, otherwise the input's. */
export class ZoneRules {
  readonly input: Zone
  readonly #byAddress: { range: ReturnType<typeof ipaddr.parseCIDR>; zone: Zone }[] = []
  readonly #byHost = new Map<string, Zone>()

  constructor(timezone: string, rules: readonly ZoneRule[]) {
    this.input = zoneOf(timezone)
    for (const { match, timezone: name } of rules) {
      const zone = zoneOf(name)
      if (ipaddr.isValidCIDR(match)) this.#byAddress.push({ range: ipaddr.parseCIDR(match), zone })
      else if (ipaddr.isValid(match)) {
        const address = ipaddr.parse(match)
        this.#byAddress.push({ range: [address, address.kind() === 'ipv4' ? 32 : 128], zone })
      } else if (!this.#byHost.has(match)) this.#byHost.set(match, zone)
    }
  }

  ofSender(address: string): Zone {
    if (this.#byAddress.length === 0 || !ipaddr.isValid(address)) return this.input
    const parsed = ipaddr.parse(address)
    const rule = this.#byAddress.find(({ range }) => range[0].kind() === parsed.kind() && parsed.match(range))
    return rule?.zone ?? this.input
  }

  /** The zone for a host name, when a rule names it. */
  ofHost(host: string): Zone | null {
    return this.#byHost.size === 0 ? null : (this.#byHost.get(host) ?? null)
  }
}
