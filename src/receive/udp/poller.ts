import { errnoName, libc } from './libc.ts'

const POLLIN = 1

/** Bits of what `Poller.wait` found. */
export const SOCKET_READY = 1
export const WOKEN = 2

/** poll(2) on a lane's socket and on the eventfd that wakes it. */
export class Poller {
  /** `struct pollfd { int fd; short events; short revents }`, the eventfd first. */
  readonly #fds: Int32Array

  constructor(socket: number, eventFd: number) {
    this.#fds = Int32Array.of(eventFd, POLLIN, socket, POLLIN)
  }

  /** Waits for either. @throws Error when poll fails for good */
  wait(milliseconds: number): number {
    return this.#poll(2, milliseconds)
  }

  /** Waits for the eventfd alone; WOKEN or 0. */
  waitForWake(milliseconds: number): number {
    return this.#poll(1, milliseconds)
  }

  #poll(count: number, milliseconds: number): number {
    const ready = libc.poll(this.#fds, count, Math.max(0, Math.ceil(milliseconds)))
    if (ready < 0 && errnoName() !== 'EINTR') throw new Error(`poll: ${errnoName()}`)
    if (ready <= 0) return 0
    // revents are the upper half: errors count as ready, the next read tells them.
    return (this.#fds[1] >>> 16 ? WOKEN : 0) | (count > 1 && this.#fds[3] >>> 16 ? SOCKET_READY : 0)
  }
}
