import type { Sender } from '../sender.ts'
import { SENDERS, Senders } from '../senders.ts'
import { NAME_WORDS } from './receive-ring.ts'
import { AF_INET, ipText } from './sockaddr.ts'

/** `::ffff:0:0/96` as the third word of an IPv6 address, little-endian. */
const MAPPED = 0xffff_0000 | 0

/**
 * Senders by the `struct sockaddr` words in a receive ring: IPv4 addresses are found by their number (0.01 µs), IPv6
 * addresses by their four words, without making the address's text again.
 */
export class SocketSenders {
  readonly #senders: Senders
  readonly #byNumber = new Map<number, Sender>()
  readonly #byWords = new Map<string, Sender>()

  constructor(allow: readonly string[] | undefined) {
    this.#senders = new Senders(allow)
  }

  /** @param names of the receive ring */
  of(names: Int32Array, slot: number): Sender {
    const at = slot * NAME_WORDS
    if ((names[at] & 0xffff) === AF_INET) return this.#ofNumber(names[at + 1])
    if (names[at + 2] === 0 && names[at + 3] === 0 && names[at + 4] === MAPPED) return this.#ofNumber(names[at + 5])
    return this.#ofWords(names, at + 2)
  }

  #ofNumber(number: number): Sender {
    let sender = this.#byNumber.get(number)
    if (sender === undefined) {
      const address = [number & 255, (number >>> 8) & 255, (number >>> 16) & 255, number >>> 24].join('.')
      sender = this.#senders.of(address)
      remember(this.#byNumber, number, sender)
    }
    return sender
  }

  #ofWords(names: Int32Array, at: number): Sender {
    const words = `${names[at]} ${names[at + 1]} ${names[at + 2]} ${names[at + 3]}`
    let sender = this.#byWords.get(words)
    if (sender === undefined) {
      sender = this.#senders.of(ipText(new Uint8Array(names.buffer, names.byteOffset + at * 4, 16)))
      remember(this.#byWords, words, sender)
    }
    return sender
  }
}

function remember<Key>(senders: Map<Key, Sender>, key: Key, sender: Sender): void {
  if (senders.size === SENDERS) senders.clear()
  senders.set(key, sender)
}
