import { allowTest } from './allow.ts'
import { Sender } from './sender.ts'

/** More than any installation has; a flood of forged addresses empties the table instead of growing it. */
export const SENDERS = 65_536

/** An input's senders by address: `allow` is decided once for each, and a lane can hang its notes on the object. */
export class Senders {
  readonly #allowed: (address: string) => boolean
  readonly #byAddress = new Map<string, Sender>()

  /** @param allow networks and addresses; undefined: everybody */
  constructor(allow: readonly string[] | undefined) {
    this.#allowed = allowTest(allow)
  }

  /** @param address as Node gives it: with a zone (`fe80::1%eth0`) or IPv4-mapped (`::ffff:10.1.2.3`), maybe */
  of(address: string): Sender {
    let sender = this.#byAddress.get(address)
    if (sender === undefined) {
      if (this.#byAddress.size === SENDERS) this.#byAddress.clear()
      const plain = plainAddress(address)
      sender = new Sender(plain, this.#allowed(plain))
      this.#byAddress.set(address, sender)
    }
    return sender
  }
}

function plainAddress(address: string): string {
  const text = address.split('%', 1)[0]
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(text)
  return mapped === null ? text : mapped[1]
}
