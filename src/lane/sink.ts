import type { Sender } from '../receive/sender.ts'

/**
 * Where inputs push what they received: the lane. One sink has one stream; UDP lanes have one per thread, TCP one per
 * listener, tail one per file.
 */
export interface LineSink {
  /**
   * Takes one datagram or frame, without its framing. The bytes are the caller's again after the call.
   * `position` (tail, journal) becomes durable together with the batch that holds the line.
   */
  push(
    bytes: Uint8Array,
    start: number,
    end: number,
    sender: Sender,
    receivedAt: number,
    truncated?: boolean,
    position?: { key: string; value: unknown },
  ): void
  /** True when no batch buffer is free: stop reading until `whenReady` resolves. A push in spite of it is still kept. */
  readonly full: boolean
  whenReady(): Promise<void>
}
