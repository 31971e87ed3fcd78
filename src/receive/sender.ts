/** Whoever sent a datagram or opened a connection; interned per input, so that a lane can hang its own notes on it. */
export class Sender {
  /** IPv4 or IPv6 text, IPv4-mapped addresses as IPv4; the own host's name for tailed files. */
  readonly address: string
  /** False: not in the input's `allow` list; what it sends is counted as refused and goes no further. */
  readonly allowed: boolean
  constructor(address: string, allowed: boolean) {
    this.address = address
    this.allowed = allowed
  }
}
